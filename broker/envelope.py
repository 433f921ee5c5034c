"""What does every message carry, and how is it read? The envelope, its limits and the errors of bad JSON."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from broker.errors import CairnError
from broker.ids import BadIdError, ProjectId
from broker.printable import printable

SCHEMA_MAJOR: Final = 1
SCHEMA: Final = f"{SCHEMA_MAJOR}.0"
MAX_JSON_BYTES: Final = 4 * 1024 * 1024

Count = Annotated[int, Field(ge=0)]
SizeBytes = Annotated[int, Field(ge=1)]
ImageNumber = Annotated[int, Field(ge=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
StoreId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]  # 64 random bits
ComponentId = Annotated[int, Field(ge=0, le=9999)]
FIRST_YEAR: Final = 1970  # of a clock that was never set
LAST_YEAR: Final = 8999
HARMLESS: Final = AfterValidator(printable)  # strangers write text that goes to terminals, logs and pages
MAX_TITLE_LENGTH: Final = 120
ProjectTitle = Annotated[str, Field(max_length=MAX_TITLE_LENGTH), HARMLESS]
Sentence = Annotated[str, Field(max_length=2000), HARMLESS]
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Vector3 = tuple[float, float, float]
QuaternionWxyz = tuple[float, float, float, float]
Matrix4 = tuple[QuaternionWxyz, QuaternionWxyz, QuaternionWxyz, QuaternionWxyz]


def checked_instant(instant: datetime) -> datetime:
    """The instant, which Python can convert and count with: it cannot in the first and last years that it knows.

    Raises:
        ValueError: it has no time zone, or a year that no clock shows.
    """
    if instant.tzinfo is None:
        raise ValueError("the time zone is missing")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"the year is not from {FIRST_YEAR} to {LAST_YEAR}")
    return instant


Instant = Annotated[AwareDatetime, AfterValidator(checked_instant)]


class BadMessageError(CairnError):
    """JSON that is not a message of this contract."""

    code = "bad_message"
    remedy = "Compare the JSON with docs/messages.schema.json and send it again."


class UnknownSchemaError(CairnError):
    """A message of another major schema."""

    code = "unknown_schema"
    remedy = "Bring both programs to versions with the same major schema."


class WireModel(BaseModel):
    """Frozen; unknown fields are ignored; neither NaN nor infinity."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, populate_by_name=True)


class Message(WireModel):
    """What every message carries."""

    message_type: ClassVar[str]

    type: str
    schema_version: str = Field(default=SCHEMA, alias="schema", pattern=r"^[0-9]{1,4}\.[0-9]{1,4}$")
    sent_at: Instant = Field(default_factory=lambda: datetime.now(UTC))
    project: ProjectId

    @classmethod
    def __pydantic_init_subclass__(cls, **_kwargs: Any) -> None:
        default = cls.model_fields["type"].default
        if isinstance(default, str):  # `Event` has no type of its own
            cls.message_type = default
            MESSAGES[default] = cls

    def encode(self) -> bytes:
        """One line of JSON in UTF-8."""
        return self.model_dump_json(by_alias=True).encode()


MESSAGES: Final[dict[str, type[Message]]] = {}


M = TypeVar("M", bound=Message)


class _Envelope(WireModel):
    type: str = Field(max_length=64)
    schema_version: str = Field(alias="schema", pattern=r"^[0-9]{1,4}\.[0-9]{1,4}$")


def decode(payload: bytes, model: type[M]) -> M:
    """Check bytes from the wire against one model.

    Raises:
        BadMessageError: too large, not JSON, another type, or a field that does not fit.
        UnknownSchemaError: the schema's major number is not ours.
    """
    if len(payload) > MAX_JSON_BYTES:
        raise BadMessageError(f"a message of {len(payload)} bytes is above the limit of {MAX_JSON_BYTES}")
    try:
        envelope = _Envelope.model_validate_json(payload)
        if envelope.schema_version.split(".")[0] != str(SCHEMA_MAJOR):
            raise UnknownSchemaError(
                f"schema {envelope.schema_version} is not understood here: this program speaks {SCHEMA_MAJOR}.x, update it"
            )
        return model.model_validate_json(payload)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "message"
        raise BadMessageError(f"not a valid {model.message_type} message: {place}: {first['msg']}") from exc
    except BadIdError as exc:  # an unknown word: pydantic collects only ValueErrors
        raise BadMessageError(f"not a valid {model.message_type} message: {exc.sentence}") from exc
