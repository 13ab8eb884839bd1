"""What the edge answers by itself."""

import base64
import re

import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

from gateway.envoy.local_replies import LOCAL_REPLIES, LocalReply

by_reply = pytest.mark.parametrize(
    "reply", LOCAL_REPLIES, ids=lambda reply: f"{reply.http_status} {reply.cause or reply.path}"
)


@by_reply
def test_rest_and_grpc_say_the_same(reply: LocalReply) -> None:
    grpc = status_pb2.Status.FromString(base64.b64decode(reply.grpc_status_details() + "=="))
    rest = json_format.ParseDict(reply.rest_status(), status_pb2.Status())
    infos = [error_details_pb2.ErrorInfo(), error_details_pb2.ErrorInfo()]
    assert grpc.details[0].Unpack(infos[0])
    assert rest.details[0].Unpack(infos[1])
    assert infos[0] == infos[1]
    assert infos[0].domain == "leadline.dev"
    assert infos[0].reason
    assert rest.message.startswith(grpc.message)


@by_reply
def test_texts_have_nothing_that_envoy_would_replace_or_a_header_could_not_carry(reply: LocalReply) -> None:
    assert "%" not in reply.message
    assert reply.message.isascii()
    assert reply.message.isprintable()


def test_special_cases_come_before_the_general_one() -> None:
    general: set[int] = set()
    for reply in LOCAL_REPLIES:
        assert reply.http_status not in general
        if not (reply.cause or reply.path):
            general.add(reply.http_status)


def test_only_what_can_be_repeated_says_when() -> None:
    retried = {
        reply.answered_http_status or reply.http_status
        for reply in LOCAL_REPLIES
        if reply.retry_after_seconds is not None
    }
    assert retried == {429, 502, 503}


@pytest.mark.parametrize(
    ("path", "is_unknown"),
    [
        ("/v2/leads", True),
        ("/v2", True),
        ("/v10/leads", True),
        ("/v1beta1/leads", True),
        ("/leadline.v2.LeadService/GetLead", True),
        ("/v1/leads", False),
        ("/v1", False),
        ("/leadline.v1.LeadService/GetLead", False),
        ("/vendors/leads", False),
        ("/leads", False),
        ("/leads/v2/x", False),
    ],
)
def test_paths_of_versions_that_there_are_not(path: str, *, is_unknown: bool) -> None:
    patterns = [reply.path for reply in LOCAL_REPLIES if reply.path]
    assert [bool(re.fullmatch(pattern, path)) for pattern in patterns] == [is_unknown]
