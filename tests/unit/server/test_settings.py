"""Where settings come from, which comes first, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from longwatch.settings import Settings, SettingsError, load_settings
from longwatch.sources.catalogue import SourceCatalogue


def write(folder: Path, toml: str) -> None:
    (folder / "config.toml").write_text(toml, encoding="utf-8")


def test_arguments_over_environment_over_toml_over_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(tmp_path, {}).max_running == 2
    write(tmp_path, "max_running = 3")
    assert load_settings(tmp_path, {}).max_running == 3
    monkeypatch.setenv("LONGWATCH_MAX_RUNNING", "4")
    assert load_settings(tmp_path, {}).max_running == 4
    assert load_settings(tmp_path, {"max_running": 5}).max_running == 5


def test_the_folder_is_the_one_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGWATCH_DATA_DIR", str(tmp_path / "elsewhere"))
    assert load_settings(tmp_path, {}).data_dir == tmp_path
    assert Settings().data_dir == tmp_path / "elsewhere"


def test_memory_is_shared_by_the_queries_that_may_run(tmp_path: Path) -> None:
    one = load_settings(tmp_path, {"max_running": 1}).memory_bytes
    four = load_settings(tmp_path, {"max_running": 4}).memory_bytes
    assert four == max(512 * 2**20, one // 4) or abs(four - one / 4) <= 1


def test_names_are_a_list_in_toml_and_separated_by_commas_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 'allowed_hosts = ["a.example", "b.example"]')
    assert load_settings(tmp_path, {}).allowed_hosts == ("a.example", "b.example")
    monkeypatch.setenv("LONGWATCH_ALLOWED_HOSTS", "c.example, d.example")
    assert load_settings(tmp_path, {}).allowed_hosts == ("c.example", "d.example")


def test_sources_of_the_toml_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"""
        default_source = "sales"
        [sources.sales]
        path = "{tmp_path.as_posix()}"
        title = "Sales"
        """,
    )
    settings = load_settings(tmp_path, {})
    catalogue = SourceCatalogue(settings.sources, settings.default_source)
    first, second = catalogue.all()
    assert (first.name, first.title, first.is_default) == ("sales", "Sales", True)
    assert (second.name, second.is_default) == ("sample", False)
    assert catalogue.get("sales").source.options == {"path": str(tmp_path.resolve())}


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("max_running = 0", ["max_running", "greater than or equal to 1"]),
        ("max_running = 'many'", ["max_running", "valid integer"]),
        ("unknown_thing = 1", ["unknown_thing", "Extra inputs are not permitted"]),
        ("on_stop = 'explode'", ["on_stop", "'cancel' or 'requeue'"]),
        ("[sources.x]\nsecrets = 5", ["sources.x.secrets", "valid dictionary"]),
        ("[sources.x]\ncolour = 'red'", ["sources.x.colour", "Extra inputs"]),
        ("max_running =", ["is not TOML"]),
        ("port = 70000", ["port", "65535"]),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, toml: str, words: list[str]) -> None:
    write(tmp_path, toml)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    message = str(caught.value)
    assert "\n" not in message
    assert str(tmp_path / "config.toml") in message
    assert all(word in message for word in words), message
    # One mistake, one complaint: the memory limit depends on max_running.
    assert "memory_bytes" not in message
    assert message.count(";") == 0


def test_a_variable_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGWATCH_SOURCES", "not json")
    with pytest.raises(SettingsError, match=r"A LONGWATCH_ variable cannot be read: .*sources"):
        load_settings(tmp_path, {})


def test_a_file_of_other_bytes(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"owner = '\xff'")
    with pytest.raises(SettingsError, match="is not TOML"):
        load_settings(tmp_path, {})


def test_the_token_itself_or_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(tmp_path, {}).bearer_token() is None
    file = tmp_path / "token"
    file.write_text("  from-a-file\n")
    monkeypatch.setenv("LONGWATCH_TOKEN_FILE", str(file))
    assert load_settings(tmp_path, {}).bearer_token() == "from-a-file"
    monkeypatch.setenv("LONGWATCH_TOKEN", "canary-token")
    settings = load_settings(tmp_path, {})
    assert settings.bearer_token() == "canary-token"
    assert "canary-token" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff", "cannot be")],
)
def test_a_token_file_that_is_of_no_use(tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=reason):
        load_settings(tmp_path, {"token_file": file}).bearer_token()
