"""What can't be done with models, scores, rules and experiments."""

from server.runtime.errors.base import LeadlineError, NotFound


class ModelNotFound(NotFound):
    """No such model in the caller's tenant."""


class ScoreNotFound(NotFound):
    """No such stored score in the caller's tenant."""


class NoModel(LeadlineError):
    """The tenant has no model yet."""

    def __init__(self) -> None:
        super().__init__("there is no model yet; train one first")


class NotEnoughOutcomes(LeadlineError):
    """Leads with an outcome are too few, or all have the same one.

    Args:
        converted: Leads that converted.
        lost: Leads that were lost.
        needed_of_each: How many of each a training needs.
    """

    def __init__(self, converted: int, lost: int, needed_of_each: int) -> None:
        super().__init__(
            f"training needs at least {needed_of_each} converted and {needed_of_each} lost leads; "
            f"there are {converted} and {lost}",
            {"converted": str(converted), "lost": str(lost), "needed_of_each": str(needed_of_each)},
        )


class NoUsableField(LeadlineError):
    """No field of the leads tells anything of the outcome."""

    def __init__(self) -> None:
        super().__init__("there is nothing to learn from: every field of the leads is empty, constant or excluded")


class PromotionRefused(LeadlineError):
    """The model did not pass the promotion gate.

    Args:
        name: The model's resource name.
        reason: What the gate found, in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is not promoted: {reason}", {"name": name})


class ModelInUse(LeadlineError):
    """The model is champion and can't be deleted.

    Args:
        name: The model's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is champion; make another model champion before", {"name": name})


class ModelBroken(LeadlineError):
    """The model server can't load the model's files.

    Args:
        name: The model's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the files of {name} can't be loaded; the champion stays", {"name": name})


class RuleSetNotFound(NotFound):
    """No such rule set in the caller's tenant, or none is active."""


class RuleSetInUse(LeadlineError):
    """The rule set was active once and can't be deleted.

    Args:
        name: The rule set's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was active once and is kept for the scores that were made with it", {"name": name})


class ExperimentNotFound(LeadlineError):
    """The tenant has no such experiment.

    Args:
        name: The experiment's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", {"name": name})


class ExperimentConflict(LeadlineError):
    """An experiment can't begin beside what runs already.

    Args:
        name: The resource name of the experiment or the model that is in the way.
        reason: Why, in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason, {"name": name})


class ExperimentOver(LeadlineError):
    """The experiment has ended.

    Args:
        name: The experiment's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has ended", {"name": name})


class ExperimentInconclusive(LeadlineError):
    """Too few outcomes are known to conclude an experiment from.

    Args:
        name: The experiment's resource name.
        reason: What is missing, in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason, {"name": name})


class DriftReportNotFound(LeadlineError):
    """A model has not been checked yet.

    Args:
        name: The model's resource name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} has not been checked yet; only a champion is, within its policy's interval", {"name": name}
        )
