"""Requests hidden in others: where one ends and the next begins is never in doubt, from HTTP/2 to HTTP/1.1 too."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.attack.edge_target import LEAD, SMUGGLED, EdgeTarget, assert_follower, attacked_edge
from tests.attack.raw_http import Answer, Http2, answers_to
from tests.integration.gateway import backend
from tests.integration.gateway.tokens import TENANT

pytestmark = pytest.mark.asyncio(loop_scope="session")

BODY = '{"lead": {"company": "A"}, "idempotencyKey": "k"}'
SIZE = f"{len(BODY):x}"
CHUNKED = f"{SIZE}\r\n{BODY}\r\n0\r\n\r\n"
CREATED, GOT = "LeadService/CreateLead", "LeadService/GetLead"
DELETE = "/leadline.v1.LeadService/DeleteLead"

REFUSED_FRAMINGS: dict[str, tuple[str, str]] = {
    "length and chunks": ("content-length: 4\r\ntransfer-encoding: chunked\r\n", CHUNKED + SMUGGLED),
    "chunks and length": ("transfer-encoding: chunked\r\ncontent-length: 0\r\n", CHUNKED + SMUGGLED),
    "two lengths": (f"content-length: {len(BODY)}\r\ncontent-length: 0\r\n", BODY + SMUGGLED),
    "the same length twice": (f"content-length: {len(BODY)}\r\ncontent-length: {len(BODY)}\r\n", BODY),
    "a list of lengths": (f"content-length: {len(BODY)}, 0\r\n", BODY + SMUGGLED),
    "a length with a sign": (f"content-length: +{len(BODY)}\r\n", BODY),
    "a length below zero": ("content-length: -1\r\n", BODY + SMUGGLED),
    "a length in hexadecimal": (f"content-length: 0x{SIZE}\r\n", BODY),
    "a length beyond numbers": ("content-length: 99999999999999999999999\r\n", BODY),
    "a space before a colon": (f"content-length : {len(BODY)}\r\n", BODY),
    "a space before the colon of chunks": ("transfer-encoding : chunked\r\ncontent-length: 4\r\n", CHUNKED),
    "a line feed in a chunk's extension": ("transfer-encoding: chunked\r\n", f"{SIZE};a\n{BODY}\r\n0\r\n\r\n"),
    "line feeds in chunks": ("transfer-encoding: chunked\r\n", f"{SIZE}\n{BODY}\n0\n\n" + SMUGGLED),
    "no line end after a chunk": ("transfer-encoding: chunked\r\n", f"{SIZE}\r\n{BODY}0\r\n\r\n"),
    "a vertical tab": ("transfer-encoding: chunked\v\r\n", CHUNKED),
    **{
        f"a chunk of size {size!r}": ("transfer-encoding: chunked\r\n", f"{size}\r\n{BODY}\r\n0\r\n\r\n" + SMUGGLED)
        for size in ("-1", f"0x{SIZE}", f"+{SIZE}", f" {SIZE}", "f" * 18, "zz", "", f"{SIZE}\0")
    },
    **{
        f"transfer-encoding: {coding}": (f"transfer-encoding: {coding}\r\n", CHUNKED + SMUGGLED)
        for coding in ("xchunked", "identity", "chunked, identity", "gzip, chunked", "chunked;x=1", '"chunked"')
    },
    "two codings": ("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n", CHUNKED + SMUGGLED),
    "a space in a name": (f"x a: b\r\ncontent-length: {len(BODY)}\r\n", BODY),
    "no name": (f": b\r\ncontent-length: {len(BODY)}\r\n", BODY),
    "no colon": (f"xa\r\ncontent-length: {len(BODY)}\r\n", BODY),
    "a null": (f"x-a: b\0c\r\ncontent-length: {len(BODY)}\r\n", BODY),
}
TAKEN_FRAMINGS: dict[str, tuple[str, str]] = {
    "a tab before the coding": ("transfer-encoding:\tchunked\r\n", CHUNKED),
    "upper case": ("Transfer-Encoding: CHUNKED\r\n", CHUNKED),
    "a folded coding": ("transfer-encoding:\r\n chunked\r\n", CHUNKED),
    "a folded line": (f"x-a: b\r\n x-tenant-id: c\r\ncontent-length: {len(BODY)}\r\n", BODY),
    "extensions": ("transfer-encoding: chunked\r\n", f"{SIZE};a=b\r\n{BODY}\r\n0;x\r\n\r\n"),
    "leading zeros": ("transfer-encoding: chunked\r\n", f"0000000000000000{SIZE}\r\n{BODY}\r\n0\r\n\r\n"),
    "trailers": (
        "transfer-encoding: chunked\r\n",
        f"{SIZE}\r\n{BODY}\r\n0\r\nx-tenant-id: x\r\nauthorization: x\r\n\r\n",
    ),
    "names with underscores": (
        f"transfer_encoding: chunked\r\nx_tenant_id: x\r\ncontent-length: {len(BODY)}\r\n",
        BODY,
    ),
    "a lone line feed": (f"x-a: b\nx-tenant-id: x\r\ncontent-length: {len(BODY)}\r\n", BODY),
    "a lone carriage return": (f"x-a: b\rx-tenant-id: x\r\ncontent-length: {len(BODY)}\r\n", BODY),
    "expecting to go on": (f"expect: 100-continue\r\ncontent-length: {len(BODY)}\r\n", BODY),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def target(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeTarget]:
    backend.arrived.clear()
    async with attacked_edge(tmp_path_factory.mktemp("edge")) as running:
        yield running
    assert DELETE not in backend.arrived


async def created(target: EdgeTarget, more: str, body: str) -> list[Answer]:
    """Sends a creation that is framed in some way, and the good request after it."""
    head = target.request("/v1/leads", verb="POST", more=f"content-type: application/json\r\n{more}")
    return await answers_to(target.edge.address, head + body.encode("latin-1") + target.follower())


async def test_a_request_whose_end_is_in_doubt_is_refused_and_its_connection_ends(target: EdgeTarget) -> None:
    answers = await asyncio.gather(*(created(target, *framing) for framing in REFUSED_FRAMINGS.values()))
    found = {
        name: [(one.status, one.rpc) for one in given] for name, given in zip(REFUSED_FRAMINGS, answers, strict=True)
    }
    assert {name: given for name, given in found.items() if given not in ([(400, "")], [(501, "")])} == {}


async def test_what_follows_a_request_with_odd_lines_is_the_next_one(target: EdgeTarget) -> None:
    answers = await asyncio.gather(*(created(target, *framing) for framing in TAKEN_FRAMINGS.values()))
    for name, given in zip(TAKEN_FRAMINGS, answers, strict=True):
        assert [one.status for one in given] == [200, 200], name
        first, follower = given
        assert (first.rpc, first.caller["x-tenant-id"]) == (CREATED, str(TENANT)), name
        assert first.requests == [{"lead": {"company": "A"}, "idempotencyKey": "k"}], name
        assert "x_tenant_id" not in first.caller
        assert_follower(follower)


async def test_a_body_of_a_request_that_has_none_is_no_request(target: EdgeTarget) -> None:
    hidden = target.request(LEAD, verb="DELETE").decode("latin-1")
    content = target.request(LEAD, more=f"content-length: {len(hidden)}\r\n") + hidden.encode() + target.follower()
    first, *others = await answers_to(target.edge.address, content)
    assert (first.status, first.rpc, first.reason) == (400, "", "INVALID_REQUEST")
    for other in others:
        assert_follower(other)


@pytest.mark.parametrize(
    "beginning", ["GET {} HTTP/1.0", "GET {} HTTP/1.2", "GET {} HTTP/2.0", "GET {}", "\0GET {} HTTP/1.1"]
)
async def test_another_version_of_http_is_refused(target: EdgeTarget, beginning: str) -> None:
    content = f"{beginning.format(LEAD)}\r\nhost: leadline\r\nauthorization: Bearer {target.token}\r\n\r\n"
    (answer,) = await answers_to(target.edge.address, content.encode() + target.follower())
    assert (answer.status, answer.rpc) in {(400, ""), (426, "")}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
            (200, GOT),
        ),
        ("connection: x-tenant-id, x-plan, x-user-id\r\n", (200, GOT)),
        ("connection: authorization\r\n", (401, "")),
        ("connection: upgrade\r\nupgrade: tls/1.0\r\n", (401, "")),
        (
            "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n",
            (401, ""),
        ),
        ("authorization: Bearer of another\r\n", (401, "")),
    ],
)
async def test_a_connection_is_not_turned_into_another(
    target: EdgeTarget, more: str, expected: tuple[int, str]
) -> None:
    first, *others = await answers_to(target.edge.address, target.request(LEAD, more=more) + target.follower())
    assert (first.status, first.rpc) == expected
    if first.rpc:
        assert (first.caller["x-tenant-id"], first.caller["x-plan"]) == (str(TENANT), "enterprise")
    for other in others:
        assert_follower(other)


ADDED_TO_HTTP_2 = [
    ("transfer-encoding", "chunked"),
    ("connection", "close"),
    ("connection", "authorization"),
    ("keep-alive", "5"),
    ("proxy-connection", "close"),
    ("upgrade", "h2c"),
    ("te", "gzip"),
    ("x-a", "b\r\nx-tenant-id: x"),
    ("x-a", "b\nx-tenant-id: x"),
    ("x-a", "b\rx-tenant-id: x"),
    ("x-a", "b\0"),
    ("x-a\r\nx-b", "c"),
    ("x-a: b\r\nx-c", "d"),
    ("X-Upper", "c"),
    ("x a", "c"),
    ("", "c"),
    ("content-length", "5"),
    ("content-length", "-1"),
    (":path", "/v1/leads"),
    (":authority", "elsewhere.example"),
    (":protocol", "websocket"),
]
CHANGED_IN_HTTP_2 = [
    (":method", "GET / HTTP/1.1\r\nx:"),
    (":method", "CONNECT"),
    (":method", ""),
    (":path", ""),
    (":path", "*"),
    (":path", "leads"),
    (":path", f"http://elsewhere.example{LEAD}"),
    (":path", f"{LEAD} HTTP/1.1\r\nx-a: b"),
    (":path", f"{LEAD}#x"),
    (":scheme", "x\r\ny"),
    (":authority", "leadline,elsewhere.example"),
    (":authority", "leadline@elsewhere.example"),
    (":authority", "leadline\r\nx-tenant-id: x"),
    (":authority", "leadline/.."),
    (":authority", ""),
]


async def test_no_header_of_http_2_breaks_out_of_its_place(target: EdgeTarget) -> None:
    good = target.headers()
    attacks = [[*good, added] for added in ADDED_TO_HTTP_2]
    attacks += [
        [changed if name == changed[0] else (name, value) for name, value in good] for changed in CHANGED_IN_HTTP_2
    ]
    attacks.append([*good[:3], good[4], good[3]])

    async def attack(headers: list[tuple[str, str]]) -> None:
        connection = await Http2.connect(target.edge.address)
        answer = await connection.ask(headers)
        assert answer is None or (answer.status, answer.rpc) in {(400, ""), (404, "")}, (headers[-1], answer)
        follower = await connection.ask(target.headers())
        assert follower is None or (follower.rpc, follower.caller["x-tenant-id"]) == (GOT, str(TENANT))
        connection.close()

    await asyncio.gather(*map(attack, attacks))


async def test_a_length_that_is_not_the_bodys_ends_the_stream(target: EdgeTarget) -> None:
    headers = [*target.headers("/v1/leads", "POST"), ("content-type", "application/json")]
    for length in (5, 0, 500):
        connection = await Http2.connect(target.edge.address)
        assert await connection.ask([*headers, ("content-length", str(length))], BODY.encode()) is None
        follower = await connection.ask(target.headers())
        assert follower is None or follower.rpc == GOT
        connection.close()


async def test_http_2_becomes_one_request_of_http_1(target: EdgeTarget) -> None:
    headers = [(name, value) for name, value in target.headers("/oauth/token", "POST") if name != "authorization"]
    attacks = [
        [*headers, added] for added in [*ADDED_TO_HTTP_2, ("content-length", "0"), ("x-a", "b"), ("x_tenant_id", "x")]
    ]
    target.heads.clear()

    async def attack(sent: list[tuple[str, str]]) -> int | None:
        connection = await Http2.connect(target.edge.address)
        answer = await connection.ask(sent, b"3\r\nGET /evil HTTP/1.1\r\n\r\n")
        connection.close()
        return answer.status if answer else None

    given = await asyncio.gather(*map(attack, attacks))
    assert given == [None] * (len(attacks) - 2) + [200, 200]
    assert len(target.heads) == 2
    for head in target.heads:
        assert head.startswith(b"POST /oauth/token HTTP/1.1\r\nhost: leadline\r\n")
        assert b"x-tenant-id" not in head
        assert b"x_tenant_id" not in head
