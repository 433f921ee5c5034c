"""Does whatever a decoder raises become one error of ours?"""

import pytest

from broker.errors import CairnError
from broker.images.decoding import UndecodableImageError, translating_decoder_errors


@pytest.mark.parametrize("error", [TypeError, KeyError, MemoryError, RecursionError, OSError, SyntaxError])
def test_every_exception_of_a_decoder_is_translated(error: type[Exception]) -> None:
    with pytest.raises(UndecodableImageError, match=error.__name__) as caught, translating_decoder_errors():
        raise error("deep inside")
    assert isinstance(caught.value.__cause__, error)


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(CairnError, match="ours") as caught, translating_decoder_errors():
        raise CairnError("ours")
    assert type(caught.value) is CairnError


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_passes_unchanged(signal: type[BaseException]) -> None:
    with pytest.raises(signal), translating_decoder_errors():
        raise signal
