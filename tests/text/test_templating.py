from __future__ import annotations

import time

import pytest

from datagen_cli.text.templating import Environment, Template, TemplateProblem

LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"
DOUBLING = "{% set ns = namespace(x='x' * 99) %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
SQUARING = (
    "{% set ns = namespace(x=99) %}{% for i in range(60) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x > 1 }}"
)


def rendered(source: str) -> str:
    return Template(Environment(), source, bounded=True).render({"name": "Ann", "rows": [1, 2]})


def test_a_template_is_rendered() -> None:
    assert (
        rendered("{{ name|upper }} has {{ rows|sum * 2 ** 3 }}{% for r in rows %}, {{ r }}{% endfor %}")
        == "ANN has 24, 1, 2"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (LOOPS, "more than"),
        ("{{ lipsum(n=200000, min=90, max=99) }}", "more than"),
        ("{{ 10 ** (10 ** 8) }}", "too many digits"),
        (SQUARING, "too many digits"),
        ("{{ 'x' * 10 ** 11 }}", "256 MB"),
        ("{{ [1] * 10 ** 11 }}", "256 MB"),
        ("{{ 'x'|center(10 ** 11) }}", "256 MB"),
        ("{{ '%100000000000d' % 1 }}", ""),
        (DOUBLING, "256 MB"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "too deeply"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", ""),
        ("{{ 1 + 'a' }}", "unsupported operand"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ range(10 ** 12) }}", "Range too big"),
        ("{{ 'a'[0](1) }}", ""),
        ("{% for a in 5 %}{% endfor %}", "not iterable"),
        ("{% include 'x' %}", ""),
        ("{{ 1|nope }}", "nope"),
        ("{{ nope }}", "'nope' is undefined"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ range(99999)|batch(1, 'x' * 99999)|list }}", "more than"),
        ("{{ 'x' * 500001 }}", "500,000 characters"),
        ("{% set ns = namespace() %}{% set ns.__html_format__ = '{0.__class__}'.format %}{{ ns }}", "underscore"),
        ("{{ namespace(__html__=1) }}", "underscore"),
        ("{{ namespace([('_x', 1)]) }}", "underscore"),
        ("{{ '\\ud800' }}", "lone surrogate"),
        ("{%", "tag"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_with_a_template_is_one_kind_of_error_in_bounded_time(source: str, words: str) -> None:
    began = time.process_time()
    with pytest.raises(TemplateProblem) as caught:
        rendered(source)
    assert words in str(caught.value)
    assert time.process_time() - began < 4


def test_an_unknown_name_is_told_from_other_mistakes() -> None:
    for source, unknown in (("{{ nope }}", True), ("{{ 1 / 0 }}", False)):
        with pytest.raises(TemplateProblem) as caught:
            rendered(source)
        assert caught.value.unknown is unknown


@pytest.mark.slow
def test_a_template_that_was_given_up_gets_less_time_for_the_next_row() -> None:
    template = Template(Environment(), LOOPS, bounded=True)
    began = time.process_time()
    for _ in range(15):
        with pytest.raises(TemplateProblem, match="more than"):
            template.render({})
    assert time.process_time() - began < 4  # fifteen times half a second would be more than seven


DOUBLED = (
    "{% set ns = namespace(x=(1,), y=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}"
    "{% set ns.y = (ns.y, ns.y) %}{% endfor %}"
)
LONG = "{% set a = 'x' * 200000 ~ 'a' %}{% set b = 'x' * 200000 ~ 'b' %}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        DOUBLED + "{{ ns.x == ns.y }}", DOUBLED + "{{ 1 if ns.x < ns.y }}", DOUBLED + "{{ ns.x in [ns.y] }}",
        DOUBLED + "{{ ns.x is eq(ns.y) }}", DOUBLED + "{{ [ns.x]|select('eq', ns.y)|list }}",
        DOUBLED + "{{ [ns.x, ns.y]|sort }}", DOUBLED + "{{ [ns.x, ns.y]|select|sort }}",
        DOUBLED + "{{ [ns.x]|unique|list }}",
        DOUBLED + "{{ {ns.x: 1} }}", DOUBLED + "{{ {}[ns.x] }}", DOUBLED + "{{ {}.get(ns.x) }}",
        DOUBLED + "{{ [ns.x].index(ns.y) }}", DOUBLED + "{{ [ns.x].count(1) }}",
        DOUBLED + "{% for a in [1, 2] %}{{ loop.changed(ns.x if a == 1 else ns.y) }}{% endfor %}",
        DOUBLED + "{{ [ns.x, ns.y]|max }}", DOUBLED + "{{ [{'a': ns.x}, {'a': ns.y}]|groupby('a') }}",
        LONG + "{{ ([a, b] * 99999)|sort(case_sensitive=true)|length }}",
        LONG + "{{ ([a, b] * 99999)|select|sort(case_sensitive=true)|length }}",
    ],
)  # fmt: skip
def test_a_single_step_that_no_clock_stops_is_not_begun(text: str) -> None:
    """What is compared here has 2 ** 60 parts and takes a kilobyte."""
    with pytest.raises(TemplateProblem, match=r"too many parts|more than 0\.5 s"):
        Template(Environment(), text, bounded=True).render({})


def test_what_is_weighed_is_compared_and_sorted_as_ever() -> None:
    text = (
        "{{ 1 < 2 <= 2 != 3 }} {{ [1, 'a'] == [1, 'a'] }} {{ 'a' in {'a': 1} }} {{ ('b', 'a')|sort|join }} "
        "{{ 3 is gt 2 }} {{ {'k': {1: 2}}['k'][1] }} {{ [3, 1]|max }} {{ 'aXa'|replace('X', '-') }} "
        "{{ [1]|tojson }} {{ 1 is not in [2] }}"
    )
    found = Template(Environment(), text, bounded=True).render({})
    assert found == "True True True ab True 2 3 a-a [1] True"
