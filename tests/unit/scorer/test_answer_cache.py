"""Holding answers as long as they are true."""

import time
from uuid import UUID

import pytest

from scoring.scores.answer_cache import Answer, AnswerCache, AnswerKey
from server.runtime.identifiers import format_name, new_id


def key_of(tenant_id: UUID, lead_id: UUID, *, explained: bool = True) -> AnswerKey:
    return AnswerKey(tenant_id, format_name("leads", lead_id), explained)


def answer(content: bytes = b"score", seconds: float = 60.0) -> Answer:
    return Answer(content, time.time() + seconds)


def hold(cache: AnswerCache, key: AnswerKey, held: Answer | None = None) -> bool:
    return cache.put(key, cache.begin(key), held or answer())


@pytest.fixture
def cache() -> AnswerCache:
    return AnswerCache(lambda: True)


def test_an_answer_is_given_again(cache: AnswerCache, tenant_id: UUID) -> None:
    key = key_of(tenant_id, new_id())
    assert hold(cache, key)
    assert cache.get(key) == b"score"
    assert cache.get(key._replace(explained=False)) is None
    assert cache.get(key._replace(tenant_id=new_id())) is None


def test_a_change_of_the_lead_drops_its_answers_and_no_others(cache: AnswerCache, tenant_id: UUID) -> None:
    changed, other = new_id(), new_id()
    for lead_id in (changed, other):
        for explained in (True, False):
            hold(cache, key_of(tenant_id, lead_id, explained=explained))

    cache.forget("score.changed", tenant_id, (changed,))
    assert cache.get(key_of(tenant_id, changed)) == b"score"
    cache.forget("lead.changed", tenant_id, (changed,))

    assert cache.get(key_of(tenant_id, changed)) is None
    assert cache.get(key_of(tenant_id, changed, explained=False)) is None
    assert cache.get(key_of(tenant_id, other)) == b"score"
    assert cache.has_changed(key_of(tenant_id, changed))
    assert not cache.has_changed(key_of(tenant_id, other))


def test_a_change_of_models_drops_all_of_the_tenant(cache: AnswerCache, tenant_id: UUID) -> None:
    stranger = key_of(new_id(), new_id())
    keys = [key_of(tenant_id, new_id()) for _ in range(3)]
    for key in (stranger, *keys):
        hold(cache, key)

    cache.forget("scoring.changed", tenant_id, None)

    assert [cache.get(key) for key in keys] == [None] * 3
    assert cache.get(stranger) == b"score"


@pytest.mark.parametrize("named", [True, False])
def test_what_changes_while_it_is_computed_is_not_held(cache: AnswerCache, tenant_id: UUID, named: bool) -> None:  # noqa: FBT001
    lead_id = new_id()
    key = key_of(tenant_id, lead_id)
    early = cache.begin(key)
    cache.forget("lead.changed", tenant_id, (lead_id,) if named else None)
    late = cache.begin(key)

    assert not cache.put(key, early, answer(b"old"))
    assert cache.get(key) is None
    assert cache.put(key, late, answer(b"new"))
    assert cache.get(key) == b"new"


def test_nothing_is_given_while_changes_may_be_missed(tenant_id: UUID) -> None:
    live = True
    cache = AnswerCache(lambda: live)
    key = key_of(tenant_id, new_id())
    hold(cache, key)

    live = False
    assert cache.get(key) is None
    assert not hold(cache, key)
    live = True
    assert cache.get(key) == b"score"
    cache.forget_all()
    assert cache.get(key) is None


def test_an_answer_expires(cache: AnswerCache, tenant_id: UUID) -> None:
    key = key_of(tenant_id, new_id())
    hold(cache, key, answer(seconds=-1.0))
    assert cache.get(key) is None


def test_the_one_unused_for_longest_goes(tenant_id: UUID) -> None:
    cache = AnswerCache(lambda: True, capacity=2)
    first, second, third = (key_of(tenant_id, new_id()) for _ in range(3))
    hold(cache, first)
    hold(cache, second)
    cache.get(first)
    hold(cache, third)
    assert [cache.get(key) for key in (first, second, third)] == [b"score", None, b"score"]
