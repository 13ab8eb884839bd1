"""Key services that run on this machine and answer as their documentation tells, for the clients that Leadline uses."""

import base64
import json
import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.cloud.kms_v1 import DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceGrpcAsyncIOTransport
from google_crc32c import value as crc32c

from deploy.local.development_certificates import DevelopmentAuthority

NAMES = ("leadline", "other")
"""The keys of each server."""


class Keyring:
    """Two keys with their versions, the newest of which encrypts."""

    def __init__(self) -> None:
        self.versions = {name: [os.urandom(32)] for name in NAMES}

    def rotate(self) -> None:
        """Gives the first key a new version."""
        self.versions[NAMES[0]].append(os.urandom(32))

    def encrypt(self, name: str, plain: bytes, context: bytes) -> tuple[int, bytes]:
        """Gives the number of the version that encrypts, from 1, and what it has encrypted."""
        nonce = os.urandom(12)
        return len(self.versions[name]), nonce + AESGCM(self.versions[name][-1]).encrypt(nonce, plain, context)

    def decrypt(self, name: str, version: int, sealed: bytes, context: bytes) -> bytes:
        """Gives what was encrypted; raises ValueError if that was elsewhere, or otherwise."""
        try:
            return AESGCM(self.versions[name][version - 1]).decrypt(sealed[:12], sealed[12:], context)
        except (InvalidTag, IndexError) as error:
            raise ValueError("not encrypted here") from error


class _HttpServer:
    """Answers POST with JSON on a free port, in a thread."""

    def __init__(self) -> None:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, body = answer(self.path, self.headers, content)
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Logs nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        """Stops to listen; no effect if it did."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, path: str, headers: Message, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        raise NotImplementedError


class VaultServer(_HttpServer):
    """Vault's transit engine, as https://developer.hashicorp.com/vault/api-docs/secret/transit tells."""

    TOKEN = "hvs.token"  # noqa: S105 - made up

    def __init__(self) -> None:
        self.keyring = Keyring()
        self.status = 200
        super().__init__()

    def address(self, name: str = NAMES[0]) -> str:
        """Gives the address of a key."""
        return f"{self.url}/v1/transit/keys/{name}"

    def _answer(self, path: str, headers: Message, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.status != 200:
            return self.status, {"errors": ["Vault is sealed"]}
        if headers["X-Vault-Token"] != self.TOKEN:
            return 403, {"errors": ["permission denied"]}
        match = re.fullmatch(r"/v1/transit/(encrypt|decrypt)/(\w+)", path)
        if match is None or match[2] not in NAMES:
            return 404, {"errors": []}
        context = base64.b64decode(content["associated_data"])
        if match[1] == "encrypt":
            version, sealed = self.keyring.encrypt(match[2], base64.b64decode(content["plaintext"]), context)
            return 200, {"data": {"ciphertext": f"vault:v{version}:{_text(sealed)}"}}
        try:
            _, text, encoded = content["ciphertext"].split(":")
            plain = self.keyring.decrypt(match[2], int(text[1:]), base64.b64decode(encoded, validate=True), context)
        except ValueError:
            return 400, {"errors": ["invalid ciphertext"]}
        return 200, {"data": {"plaintext": _text(plain)}}


class AwsServer(_HttpServer):
    """AWS KMS, as https://docs.aws.amazon.com/kms/latest/APIReference tells: JSON 1.1, signed by Signature Version 4.

    Attributes:
        refusals: What the next requests are answered, one after the other: the name of an error and a status.
        requests: What was asked: the header `Authorization` and the content.
    """

    ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
    REGION = "eu-central-1"

    def __init__(self) -> None:
        self.keyring = Keyring()
        self.refusals: list[tuple[str, int]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        super().__init__()

    def arn(self, name: str = NAMES[0]) -> str:
        """Gives the ARN of a key."""
        return f"arn:aws:kms:{self.REGION}:111122223333:key/{name}"

    def _answer(self, path: str, headers: Message, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        authorization = headers["Authorization"] or ""
        self.requests.append((authorization, content))
        if self.refusals:
            return _refusal(*self.refusals.pop(0))
        signature = (
            rf"AWS4-HMAC-SHA256 Credential={self.ACCESS_KEY}/\d{{8}}/{self.REGION}/kms/aws4_request, "
            r"SignedHeaders=\S+, Signature=[0-9a-f]{64}"
        )
        if re.fullmatch(signature, authorization) is None:
            return _refusal("IncompleteSignatureException")
        name = content["KeyId"].rpartition("/")[2]
        if name not in NAMES or content["KeyId"] != self.arn(name):
            return _refusal("NotFoundException")
        context = orjson.dumps(content["EncryptionContext"], option=orjson.OPT_SORT_KEYS)
        match path, headers["Content-Type"], headers["X-Amz-Target"]:
            case "/", "application/x-amz-json-1.1", "TrentService.Encrypt":
                version, sealed = self.keyring.encrypt(name, base64.b64decode(content["Plaintext"]), context)
                blob = f"{name} {version} ".encode() + sealed
                return 200, {"CiphertextBlob": _text(blob), "KeyId": self.arn(name)}
            case "/", "application/x-amz-json-1.1", "TrentService.Decrypt":
                return self._decrypt(name, base64.b64decode(content["CiphertextBlob"]), context)
            case _:
                return _refusal("UnknownOperationException")

    def _decrypt(self, name: str, blob: bytes, context: bytes) -> tuple[int, dict[str, Any]]:
        try:
            holder, version, sealed = blob.split(b" ", 2)
            if holder.decode() in NAMES and holder.decode() != name:
                return _refusal("IncorrectKeyException")
            plain = self.keyring.decrypt(name, int(version), sealed, context)
        except ValueError:
            return _refusal("InvalidCiphertextException")
        return 200, {"Plaintext": _text(plain), "KeyId": self.arn(name), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


class GoogleServer:
    """Cloud KMS, as https://cloud.google.com/kms/docs/reference/rpc tells: gRPC over TLS, with a bearer token.

    Attributes:
        refusals: What the next requests are answered, one after the other.
        damage: Changes an answer on its way.
        authorizations: What requests had in the metadata `authorization`.
    """

    def __init__(self, folder: Path) -> None:
        self.keyring = Keyring()
        self.refusals: list[grpc.StatusCode] = []
        self.damage: Callable[[Any], None] = lambda _answer: None
        self.authorizations: list[str] = []
        authority = DevelopmentAuthority(folder)
        files = authority.issue("kms")
        self._root = authority.certificate_file.read_bytes()
        self._server = grpc.server(ThreadPoolExecutor(2))
        self._server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(
                    "google.cloud.kms.v1.KeyManagementService",
                    {
                        "Encrypt": grpc.unary_unary_rpc_method_handler(
                            self._encrypt, EncryptRequest.deserialize, EncryptResponse.serialize
                        ),
                        "Decrypt": grpc.unary_unary_rpc_method_handler(
                            self._decrypt, DecryptRequest.deserialize, DecryptResponse.serialize
                        ),
                    },
                )
            ]
        )
        credentials = grpc.ssl_server_credentials([(files.private_key.read_bytes(), files.certificate.read_bytes())])
        self._port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()

    def transport(self, **arguments: Any) -> KeyManagementServiceGrpcAsyncIOTransport:
        """Makes what carries Google's client's requests here, over TLS as ever."""
        here = {"host": f"localhost:{self._port}", "ssl_channel_credentials": grpc.ssl_channel_credentials(self._root)}
        return KeyManagementServiceGrpcAsyncIOTransport(**arguments | here)

    def stop(self) -> None:
        """Stops to listen."""
        self._server.stop(None).wait()

    @staticmethod
    def key(name: str = NAMES[0]) -> str:
        """Gives the resource name of a key."""
        return f"projects/test/locations/europe-west3/keyRings/ring/cryptoKeys/{name}"

    def _encrypt(self, request: EncryptRequest, context: grpc.ServicerContext) -> EncryptResponse:
        name = self._admitted(request.name, context)
        whole = request.plaintext_crc32c == crc32c(request.plaintext)
        version, sealed = self.keyring.encrypt(name, request.plaintext, request.additional_authenticated_data)
        ciphertext = bytes([version]) + sealed
        answer = EncryptResponse(
            name=f"{request.name}/cryptoKeyVersions/{version}",
            ciphertext=ciphertext,
            ciphertext_crc32c=crc32c(ciphertext),
            verified_plaintext_crc32c=whole,
            verified_additional_authenticated_data_crc32c=request.additional_authenticated_data_crc32c
            == crc32c(request.additional_authenticated_data),
        )
        self.damage(answer)
        return answer

    def _decrypt(self, request: DecryptRequest, context: grpc.ServicerContext) -> DecryptResponse:
        name = self._admitted(request.name, context)
        sealed, data = request.ciphertext, request.additional_authenticated_data
        if request.ciphertext_crc32c != crc32c(sealed) or request.additional_authenticated_data_crc32c != crc32c(data):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the checksums don't fit")
        try:
            plain = self.keyring.decrypt(name, int.from_bytes(sealed[:1]), sealed[1:], data)
        except ValueError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Decryption failed: the ciphertext is invalid.")
        answer = DecryptResponse(plaintext=plain, plaintext_crc32c=crc32c(plain), used_primary=True)
        self.damage(answer)
        return answer

    def _admitted(self, name: str, context: grpc.ServicerContext) -> str:
        authorization = dict(context.invocation_metadata()).get("authorization", "")
        self.authorizations.append(str(authorization))
        if not str(authorization).startswith("Bearer "):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token")
        if self.refusals:
            context.abort(self.refusals.pop(0), "refused")
        holder = name.rpartition("/")[2]
        if holder not in NAMES or name != self.key(holder):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such key")
        return holder


def service_account_file(path: Path) -> Path:
    """Writes the key of a service account of Google's, as it is downloaded."""
    private_key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    content = {
        "type": "service_account",
        "project_id": "test",
        "private_key_id": "1",
        "private_key": private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "client_email": "leadline@test.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "http://127.0.0.1:9/token",
    }
    path.write_bytes(orjson.dumps(content))
    return path


def _refusal(error: str, status: int = 400) -> tuple[int, dict[str, Any]]:
    return status, {"__type": error, "message": "refused"}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
