"""Reading a request: fences at the start of a line, the last of a name, and what is done without them."""

from __future__ import annotations

import json
from typing import Any

from datagen_cli.llm.simulation.prompt import Asked, block, label_text, values


def asked(*contents: str, **more: Any) -> Asked:
    roles = ("user", "assistant", "user")
    return Asked(
        {"messages": [{"role": role, "content": text} for role, text in zip(roles, contents, strict=False)], **more}
    )


def test_a_fence_stands_on_its_own_lines_and_the_last_one_counts() -> None:
    text = "\nsee <fields> and </fields>\n<fields>\n1\n</fields>\nagain\n<fields>\n2\n3\n</fields>\n"
    assert values(block(text, "fields")) == [2, 3]
    assert block("\nsee <fields>\n1\n</fields>\n", "fields") is None
    assert block("\n<fields>\n1\n", "fields") is None
    assert values("not json\n\n[1]") == ["not json", [1]]


def test_records_come_from_their_lines_else_from_the_number_asked_for() -> None:
    fields = '<fields>\n{"name": "text"}\n{"name": "kind", "type": "label", "values": ["a"]}\n</fields>\n'
    lines = '<records>\n{"record": 1, "kind": "a", "attributes": {"tone": "kind"}}\n</records>\n'
    (wanted,) = asked(fields + lines).wanted
    assert (wanted.given, wanted.attributes) == ({"kind": "a"}, {"tone": "kind"})
    assert len(asked("Write 3 new records for this dataset.\n" + fields).wanted) == 3
    assert len(asked(fields).wanted) == 1


def test_fields_come_from_an_example_when_nothing_else_says_them() -> None:
    shown = "<examples>\n" + json.dumps({"a": "x", "b": 2, "c": True, "d": [1]}) + "\n</examples>\n"
    assert [(one.name, one.type) for one in asked(shown).frame.fields] == [
        ("a", "text"),
        ("b", "number"),
        ("c", "boolean"),
        ("d", "list"),
    ]


def test_what_a_model_answered_is_no_part_of_the_request() -> None:
    answered = '<fields>\n{"name": "evil"}\n</fields>\n'
    found = asked('<fields>\n{"name": "text"}\n</fields>\n', answered, "<record>\n{}\n</record>\n")
    assert [one.name for one in found.frame.fields] == ["text"]
    assert block(found.last, "record") == "{}"


def test_label_texts() -> None:
    assert [label_text(value) for value in (True, 3.0, 2.5, "x")] == ["true", "3", "2.5", "x"]
