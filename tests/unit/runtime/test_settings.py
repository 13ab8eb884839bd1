"""Settings come from the environment, and what is wrong with them is named."""

import pytest

from server.runtime.settings import ProcessSettings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_SIGNING_SECRET", "0123456789abcdef")


def test_variables_fill_their_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_LISTEN_ADDRESS", "127.0.0.1:7000")
    monkeypatch.setenv("LEADLINE_REFLECTION", "true")
    settings = ProcessSettings.load()
    assert (settings.listen_address, settings.reflection) == ("127.0.0.1:7000", True)
    assert settings.log_level == "info"


def test_the_secret_is_not_printed() -> None:
    assert "0123456789abcdef" not in repr(ProcessSettings.load())


def test_everything_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_SIGNING_SECRET", "short")
    monkeypatch.setenv("LEADLINE_LISTEN_ADDRESS", "here")
    with pytest.raises(SystemExit) as stopped:
        ProcessSettings.load()
    assert "LEADLINE_SIGNING_SECRET" in str(stopped.value)
    assert "LEADLINE_LISTEN_ADDRESS" in str(stopped.value)
    assert "short" not in str(stopped.value)


@pytest.mark.parametrize(
    ("variable", "complaint"),
    [
        ("LEADLINE_TLS_CERTIFICATE_FILE", "tls_private_key_file"),
        ("LEADLINE_TLS_CLIENT_AUTHORITY_FILE", "without TLS"),
    ],
)
def test_half_of_tls_is_none(monkeypatch: pytest.MonkeyPatch, variable: str, complaint: str) -> None:
    monkeypatch.setenv(variable, "some.crt")
    with pytest.raises(SystemExit, match=complaint):
        ProcessSettings.load()


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_ALLOWED_ORIGINS", "https://one.example, https://two.example")
    assert ProcessSettings.load().allowed_origins == ["https://one.example", "https://two.example"]
    monkeypatch.setenv("LEADLINE_ALLOWED_ORIGINS", "")
    assert ProcessSettings.load().allowed_origins == []
