import pytest

from utils.backend.expression import Expression, parse_expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plda", ("plda", "", False)),
        ("plda+cal", ("plda", "", True)),
        ("lda-plda+asnorm-cross", ("lda-plda", "asnorm-cross", False)),
        ("cosine+snorm+cal", ("cosine", "snorm", True)),
    ],
)
def test_the_notation_is_read_and_written(text, expected):
    assert parse_expression(text) == Expression(*expected)
    assert str(parse_expression(text)) == text


@pytest.mark.parametrize(
    "text", ["", "+cal", "cal", "plda+", "plda++cal", "a+b+c", "a+cal+b", "a+cal+cal",
             "../plda"],
)  # fmt: skip
def test_what_is_no_notation_is_told(text):
    with pytest.raises(ValueError, match="is no back-end: write CHAIN, CHAIN"):
        parse_expression(text)
