"""Certificates for development."""

import datetime as dt
from pathlib import Path

from cryptography import x509

from deploy.local.development_certificates import DevelopmentAuthority


def test_certificate_is_good_for_its_hosts_and_for_servers_that_trust_the_authority(tmp_path: Path) -> None:
    files = DevelopmentAuthority(tmp_path).issue("edge", ["edge.example", "127.0.0.1"])
    # A second start finds the authority as the first has left it.
    authority = DevelopmentAuthority(tmp_path)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    root = x509.load_pem_x509_certificate(authority.certificate_file.read_bytes())
    certificate.verify_directly_issued_by(root)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["edge.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    lifetime = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=360) < lifetime < dt.timedelta(days=398)


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    files = DevelopmentAuthority(tmp_path).issue("edge")
    for key in (files.private_key, tmp_path / "authority.key"):
        assert key.stat().st_mode & 0o077 == 0
