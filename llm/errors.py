"""What can go wrong with a model, in words for the person who has to act on it."""

from __future__ import annotations


class ModelError(Exception):
    """A model call that ends without an answer. The message says what happened and what to do."""

    kind = "model_error"


class ModelSettingsError(ModelError):
    """A setting that names no model that could be called."""

    kind = "model_settings"


class ModelUnavailable(ModelError):
    """The provider cannot be reached, refuses the key, does not know the model, or keeps failing."""

    kind = "model_unavailable"


class ModelOverloaded(ModelError):
    """The provider has no room: rate limits or overload outlasted every retry."""

    kind = "model_overloaded"


class ModelRefused(ModelError):
    """The model declined to answer."""

    kind = "model_refused"


class ContextTooLong(ModelError):
    """The conversation no longer fits into the model's window."""

    kind = "context_too_long"


class MalformedAnswer(ModelError):
    """The model answered, but with nothing, or with an answer that was cut off."""

    kind = "malformed_answer"


class SpendLimit(ModelError):
    """The next call would go over what this run may use."""

    kind = "spend_limit"
