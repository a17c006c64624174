"""The language of the window: the system's or the one that was chosen, from the next start on."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QSettings, QTranslator

from longwatch_desktop.resources import resource_path
from longwatch_desktop.translation import QT_TR_NOOP, plain, translate_by

LANGUAGES: Final = (("", QT_TR_NOOP("As the system")), ("en", "English"), ("de", "Deutsch"))
"""What may be chosen; each is named in itself."""
_KEY: Final = "window/language"
MILLION: Final = 1_000_000


def chosen_language(settings: QSettings) -> str:
    """The code of the language that was chosen; empty to follow the system."""
    chosen = str(settings.value(_KEY, ""))
    return chosen if chosen in {code for code, _ in LANGUAGES} else ""


def choose_language(settings: QSettings, code: str) -> None:
    """Speak this language from the next start on; empty to follow the system."""
    settings.setValue(_KEY, code)


def speak(app: QCoreApplication, code: str) -> str:
    """Translate the window's texts and Qt's own. Returns the code of the language it speaks, which
    is `en` where there is no translation into the one asked for."""
    locale = QLocale(code) if code else QLocale.system()
    language = QLocale.languageToCode(locale.language())
    own = QTranslator(app)
    try:
        found = language != "en" and own.load(
            str(resource_path(f"translations/longwatch_{language}.qm"))
        )
    except FileNotFoundError:
        found = False
    if not found:
        own.deleteLater()
        if code:  # numbers in boxes as well, whatever the system speaks
            QLocale.setDefault(QLocale("en"))
        translate_by(plain)
        return "en"
    qt = QTranslator(app)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if qt.load(f"qtbase_{language}", folder):
        app.installTranslator(qt)
    app.installTranslator(own)
    QLocale.setDefault(locale)
    translate_by(_Translation(locale), locale.groupSeparator(), locale.decimalPoint())
    return language


class _Translation:
    """Finds texts by Qt's translators, whose `%n` has no grouped digits. What was found is kept: a
    table asks for the same few words in every cell it paints."""

    def __init__(self, locale: QLocale) -> None:
        self._locale = locale
        self._found: dict[tuple[str, str], str] = {}

    def __call__(self, text: str, comment: str, n: int) -> str:
        if n < 0:
            known = self._found.get((text, comment))
            if known is None:
                known = QCoreApplication.translate("", text, comment)
                self._found[text, comment] = known
            return known
        # Qt puts bare digits in place of %n, and takes no more than an int: a number with the same
        # plural form stands in for a large one, and is found again by its digits.
        stand_in = n if n < MILLION else MILLION + n % MILLION
        found = QCoreApplication.translate("", text, comment, stand_in)
        if found == text.replace("%n", str(stand_in)):
            return plain(text, comment, n).replace(f"{n:,}", self._locale.toString(n), 1)
        said = self._locale.toString(n)
        return found.replace(str(stand_in), said, 1) if "%n" in text else found
