"""Secrets from files: `LONGWATCH_<SETTING>_FILE` names one for every setting that is secret."""

from __future__ import annotations

import os
import typing
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from pydantic_settings.exceptions import SettingsError as UnreadableVariable


def is_secret(annotation: Any) -> bool:
    """Whether a setting of this type holds a secret, such as `SecretStr | None`."""
    return annotation is SecretStr or any(map(is_secret, typing.get_args(annotation)))


class SecretFiles(PydanticBaseSettingsSource):
    """Reads the files; a setting that has a `_file` of its own reads that itself.

    What is in the file is the value, without the line break at its end, or JSON where a setting
    holds several.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self._prefix = settings_cls.model_config.get("env_prefix", "")

    def variable(self, name: str) -> str:
        """The environment variable that names the file of a setting."""
        return f"{self._prefix}{name}_FILE".upper()

    def takes_file(self, name: str) -> bool:
        """Whether a setting is read from here."""
        fields = self.settings_cls.model_fields
        return is_secret(fields[name].annotation) and f"{name}_file" not in fields

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(self.variable(field_name)) if self.takes_file(field_name) else None
        if not path:
            return None, field_name, False
        try:
            text = Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableVariable(
                f"{self.variable(field_name)}: {path} cannot be read: {error}"
            ) from error
        return text, field_name, self.field_is_complex(field)

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, is_complex = self.get_field_value(field, name)
            if value is None:
                continue
            try:
                found[key] = self.prepare_field_value(name, field, value, is_complex)
            except ValueError as error:
                raise UnreadableVariable(
                    f"{self.variable(name)}: the file does not hold JSON"
                ) from error
        return found
