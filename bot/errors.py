"""Every error that the program raises on purpose.

BotError
├── ConfigError           at start-up only; names the setting, what it got, what was expected
├── ModelError            a trained model can't be fetched or loaded, or is not of this program
├── InvalidMessage        400  the channel, the API or a form sent something that we can't read
├── NotSignedIn           401  no session, no token, or one that is not valid (any more)
├── Forbidden             403  signed in, but the role or the origin does not allow it
├── NotFound              404  no such conversation, template, account
├── Conflict              409  somebody else was first
│   ├── AlreadyClaimed         another agent has the conversation
│   ├── CustomerWrote          the customer wrote something that the agent had not seen yet
│   ├── LastAdmin              somebody must be left who can manage accounts
│   ├── EditConflict           the template was saved by somebody else in between
│   └── NotSendable            the platform would not take the message now
├── TooManyRequests       429  a limit was reached
├── UpstreamError         502  a platform's API failed or refused
└── StoreUnavailable      503  Redis does not answer, is full or read-only; a repeat with the same id is harmless

The text of an error is English and for developers; `code` is stable and for programs. What a customer, an agent or an
editor reads is chosen by the web pages from `code`.
"""

# Exit code of a process that a ConfigError ended (sysexits.h EX_CONFIG): starting it again would not help.
EXIT_CONFIG = 78


class BotError(Exception):
    """Base of all errors of this program. `status` is the HTTP status it becomes, `code` its stable name."""

    status = 500
    code = "internal"


class ConfigError(BotError):
    code = "config"


class ModelError(BotError):
    code = "model"


class InvalidMessage(BotError):
    status = 400
    code = "invalid"


class NotSignedIn(BotError):
    status = 401
    code = "not_signed_in"


class Forbidden(BotError):
    status = 403
    code = "forbidden"


class NotFound(BotError):
    status = 404
    code = "not_found"


class Conflict(BotError):
    status = 409
    code = "conflict"


class AlreadyClaimed(Conflict):
    code = "already_claimed"


class CustomerWrote(Conflict):
    code = "customer_wrote"


class LastAdmin(Conflict):
    code = "last_admin"


class EditConflict(Conflict):
    code = "edit_conflict"


class NotSendable(Conflict):
    """`problem` is a key of PROBLEMS: why the platform would not take it."""

    code = "not_sendable"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"the platform would not take a message now: {problem}")


class TooManyRequests(BotError):
    status = 429
    code = "too_many_requests"


class UpstreamError(BotError):
    status = 502
    code = "upstream"


class StoreUnavailable(BotError):
    status = 503
    code = "store_unavailable"
