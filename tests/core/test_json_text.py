"""The fast encoder writes what `json.dumps` writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.core.json_text import make_encoder

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.slow
@given(values, st.booleans(), st.booleans())
def test_the_text_is_that_of_json_dumps(value: object, sort_keys: bool, ascii_only: bool) -> None:
    expected = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), sort_keys=sort_keys)
    assert make_encoder(sort_keys=sort_keys, ascii_only=ascii_only)(value) == expected


def test_what_is_no_json_is_refused_and_the_encoder_serves_again() -> None:
    encode = make_encoder(sort_keys=False)
    with pytest.raises(TypeError):
        encode({"a": {1, 2}})
    assert encode({"a": [1, "ü"]}) == '{"a":[1,"ü"]}'
