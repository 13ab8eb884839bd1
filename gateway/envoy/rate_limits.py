"""The limits of the plans in the words of the reference rate-limit service (envoyproxy/ratelimit)."""

from gateway.envoy.settings import EdgeSettings

DOMAIN = "leadline"
"""Under which the service keeps our limits apart from those of others."""


def rate_limit_configuration(settings: EdgeSettings) -> dict[str, object]:
    """Gives what the service is to count, for all edges together.

    Args:
        settings: Of the edges.

    Returns:
        The content of the service's configuration file: a limit for each tenant by its plan, and one for each address
        that calls without a token. A second is a window of its own, so bursts are no longer than it.
    """
    plans = {
        "free": settings.free_requests_per_second,
        "pro": settings.pro_requests_per_second,
        "enterprise": settings.enterprise_requests_per_second,
    }
    return {
        "domain": DOMAIN,
        "descriptors": [
            *(_limit_for_each("tenant", rate, "plan", plan) for plan, rate in plans.items()),
            _limit_for_each("remote_address", settings.public_requests_per_second, "header_match", "public"),
        ],
    }


def _limit_for_each(key: str, rate: int, outer_key: str, outer_value: str) -> dict[str, object]:
    limit = {"unit": "second", "requests_per_unit": rate}
    return {"key": outer_key, "value": outer_value, "descriptors": [{"key": key, "rate_limit": limit}]}
