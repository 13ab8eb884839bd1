"""Certificates for development and tests, from an authority of their own."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.ports import LOOPBACK

_LIFETIME = dt.timedelta(days=365)
_HOSTS = ("localhost", LOOPBACK)


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate and its key, each in a PEM file."""

    certificate: Path
    private_key: Path


class DevelopmentAuthority:
    """An authority that signs certificates for this machine; made at first use and kept in a folder.

    Its key is readable by its owner alone. Who trusts `certificate_file` trusts whatever is signed by it: so it is for
    development alone.

    Args:
        folder: Where it is kept; made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.certificate_file = folder / "authority.crt"
        key_file = folder / "authority.key"
        if not key_file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name("Leadline development authority")
            usage = _key_usage(signs_certificates=True)
            builder = _builder(name, name, key).add_extension(
                x509.BasicConstraints(ca=True, path_length=0), critical=True
            )
            _write(self.certificate_file, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()))
            _write_key(key_file, key)
        self._certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        self._key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)

    def issue(self, name: str, hosts: Sequence[str] = _HOSTS) -> CertificateFiles:
        """Gives a certificate, which is made anew at each call; the files of an earlier one are replaced.

        Args:
            name: What it is for; the files have this name.
            hosts: The host names and IP addresses that it is good for.

        Returns:
            The files of the certificate, which is good for a year, and of its key.
        """
        if not isinstance(self._key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"the key beside {self.certificate_file} is none of the authority's kind")
        files = CertificateFiles(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name(name), self._certificate.subject, key)
            .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        _write(files.certificate, certificate)
        _write_key(files.private_key, key)
        return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(file: Path, certificate: x509.Certificate) -> None:
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
