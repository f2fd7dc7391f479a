"""Small programs by the thousand, drawn from a seed: what a model's programs do with numbers, texts, dates and lists.

Each prints what it computes, or raises. They are the questions of `test_one_semantics`: whatever runs a program must
answer as CPython does.
"""

# ruff: noqa: E501

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

Draw = random.Random


def snippets(count: int, seed: int = 0) -> Iterator[str]:
    """`count` programs, each of a kind drawn at random."""
    draw = Draw(seed)
    for _ in range(count):
        yield draw.choice(KINDS)(draw)


def number(draw: Draw) -> str:
    """A literal as word problems have them: small, with cents, or far beyond 64 bits."""
    return draw.choice(
        (
            lambda: str(draw.randint(-20, 200)),
            lambda: f"{draw.randint(0, 500)}.{draw.randint(0, 99):02d}",
            lambda: f"{draw.randint(0, 50)}.{draw.randint(0, 999)}5",
            lambda: str(draw.randint(-(2**70), 2**70)),
            lambda: str(draw.randint(2**62, 2**66)),
            lambda: repr(draw.uniform(-1, 1) * 10.0 ** draw.randint(-12, 22)),
            lambda: draw.choice(("0", "1", "-1", "0.0", "-0.0", "1e16", "1e-5", "0.1", "True", "float('inf')")),
        )
    )()


def positive(draw: Draw) -> str:
    return draw.choice((str(draw.randint(1, 400)), f"{draw.randint(1, 90)}.{draw.randint(0, 99):02d}"))


def arithmetic(draw: Draw) -> str:
    signs = ("+", "-", "*", "/", "//", "%")
    text = number(draw)
    for _ in range(draw.randint(1, 4)):
        text = f"({text} {draw.choice(signs)} {number(draw)})"
    return f"print({text})"


def powers(draw: Draw) -> str:
    base = draw.choice((number(draw), positive(draw)))
    return draw.choice(
        (
            f"print(({base}) ** {draw.randint(-4, 40)})",
            f"print(pow({draw.randint(2, 10**20)}, {draw.randint(0, 10**12)}, {draw.randint(1, 10**20)}))",
            f"print(divmod({base}, {number(draw)}))",
            f"print(({positive(draw)}) ** {draw.uniform(-2, 2)!r})",
        )
    )


def integers(draw: Draw) -> str:
    a, b = draw.randint(-(2**90), 2**90), draw.randint(1, 2**70)
    return draw.choice(
        (
            f"print({a} // {b}, {a} % {b}, -{b} // 7)",
            f"print({a} & {b}, {a} | {b}, {a} ^ {b}, ~{a}, {b} >> {draw.randint(0, 90)}, {b} << {draw.randint(0, 90)})",
            f"print(({a}).bit_length(), hex({a}), oct({b}), bin({b}))",
            f"print(int('{b}'), int('{draw.randint(0, 10**9):x}', 16), int(' 12_000 '))",
            f"print(float({a}), int({draw.uniform(-1e18, 1e18)!r}), {a} / {b})",
            f"import math\nprint(math.gcd({a}, {b}), math.lcm({b}, 12), math.isqrt({b}), math.factorial({draw.randint(0, 60)}))",
            f"import math\nprint(math.comb({draw.randint(0, 80)}, {draw.randint(0, 80)}), math.perm(20, {draw.randint(0, 22)}))",
            f"print(sum(int(d) for d in str({b})), str({b})[::-1], len(str({b})))",
        )
    )


def rounding(draw: Draw) -> str:
    cents = draw.randint(0, 40_000)
    value = draw.choice((f"{cents / 1000:.3f}", f"{cents}.5", f"{cents / 200!r}", number(draw), f"{cents}"))
    return draw.choice(
        (
            f"print(round({value}, {draw.randint(0, 3)}))",
            f"print(round({value}))",
            f"print(round({value}, {draw.randint(-3, 12)}))",
            f"import math\nprint(math.floor({value}), math.ceil({value}), math.trunc({value}))",
            f"print(int({value}), abs({value}))",
            f"print(round({value} * {positive(draw)}, 2))",
        )
    )


def formatting(draw: Draw) -> str:
    spec = draw.choice(
        (f".{draw.randint(0, 8)}f", f",.{draw.randint(0, 3)}f", ",", f".{draw.randint(0, 4)}%", f".{draw.randint(0, 6)}e",
         f".{draw.randint(1, 8)}g", f"{draw.randint(1, 14)}.2f", f">{draw.randint(1, 12)}", f"<{draw.randint(1, 12)}",
         f"^{draw.randint(1, 12)}", f"0{draw.randint(1, 12)}", f"*^{draw.randint(3, 12)}", f"+.{draw.randint(0, 3)}f", "g",
         "n", "_", "=+12.1f", "")
    )  # fmt: skip
    value = number(draw)
    return draw.choice(
        (
            f"x = {value}\nprint(f'{{x:{spec}}}')",
            f"print(format({value}, {spec!r}))",
            f"print('{{:{spec}}} and {{}}'.format({value}, {value}))",
            f"print('%.{draw.randint(0, 5)}f|%d|%s|%5.1f' % ({value}, {draw.randint(-99, 99)}, {value}, {positive(draw)}))",
            f"x = {value}\nprint(f'{{x=}} {{x!r:>20}}')",
            f"print({value}, -{positive(draw)}, str({value}), repr({value}))",
        )
    )


def printing(draw: Draw) -> str:
    a, b = number(draw), number(draw)
    return draw.choice(
        (
            f"print({a}, {b}, sep={draw.choice((',', '', ' - '))!r}, end={draw.choice(('', '!', chr(10)))!r})",
            f"print([{a}, {b}], ({a},), {{'a': {b}}}, None, True)",
            f"print(str([{a}, 'x', \"it's\", 'a\\tb']))",
            f"print({draw.uniform(0, 1)!r} + {draw.uniform(0, 1)!r}, {draw.uniform(0, 1e6)!r} / 3)",
            f"x = {a}\nprint('the answer is', x)\nprint(f'{{x}} units')",
            f"print({a} == {b}, {a} < {b}, {a} is None, not {a}, {a} or {b}, {a} and {b})",
        )
    )


WORDS = (
    "apple",
    "Straße",
    "naïve",
    "ÉCOLE",
    "don't",
    "a b c",
    "x,y;z",
    "12.50",
    " $1,200 ",
    "日本語",
    "tab\tbed",
    "",
    "Zebra",
    "ﬁne",
    "İ",
)


def text(draw: Draw) -> str:
    word, other = draw.choice(WORDS), draw.choice(WORDS)
    method = draw.choice(
        (".upper()", ".lower()", ".title()", ".capitalize()", ".swapcase()", ".casefold()", ".strip()", ".split()",
         ".split(',')", ".isalpha()", ".isdigit()", ".isnumeric()", ".isalnum()", ".zfill(9)", ".center(12, '-')",
         ".rjust(9)", ".ljust(9, '.')", f".replace({other[:1]!r}, '_')", f".find({other[:2]!r})", f".count({other[:1]!r})",
         f".startswith({word[:1]!r})", f".partition({other[:1] or 'a'!r})", ".splitlines()", ".encode()", "[::-1]", "[1:3]",
         "[-2:]", ".expandtabs(4)", ".istitle()", ".isupper()", ".rsplit(' ', 1)", ".removesuffix('e')", ".isdecimal()")
    )  # fmt: skip
    return draw.choice(
        (
            f"print(repr({word!r}{method}))",
            f"print({word!r} + {other!r}, {word!r} * {draw.randint(0, 3)}, len({word!r}), {word!r} < {other!r})",
            f"print({word!r} in {other!r}, [ord(c) for c in {word!r}], chr({draw.randint(32, 0x2FFF)}).isprintable())",
            f"print({draw.choice((',', ' - '))!r}.join(sorted({word!r})), max({word!r} + 'a'), list({other!r}))",
            f"print(float({draw.choice(('12.5', ' 3 ', '1e3', '1,200', 'nan', 'abc', '-.5', '１２'))!r}))",
            f"print(int({draw.choice(('12', ' 3 ', '1e3', '-7', 'x', '٣', '1_0', '0x1f'))!r}))",
            f"print(ascii({word!r}), {word!r}.translate(str.maketrans('ae', 'xy')))",
        )
    )


def lists(draw: Draw) -> str:
    values = [
        draw.choice((draw.randint(-9, 30), round(draw.uniform(-5, 5), draw.randint(0, 2))))
        for _ in range(draw.randint(0, 8))
    ]
    words = [draw.choice(WORDS) for _ in range(draw.randint(0, 5))]
    return draw.choice(
        (
            f"print(sorted({values}), sorted({values}, reverse=True), max({values}, default=None), sum({values}))",
            f"print(sorted({words}, key=lambda w: (len(w), w)), sorted({words}, key=str.lower))",
            f"v = {values}\nv.append(3)\nv.sort(key=abs)\nv.insert(1, 7)\nprint(v, v[::2], v[-1], v.index(3), v.count(7))",
            f"print([x * 2 for x in {values} if x > 0], any({values}), all({values}), list(enumerate({words}, 1)))",
            f"print(list(zip({values}, {words})), list(map(str, {values})), list(filter(None, {values})))",
            f"v = {values}\nprint(sum(v) / len(v), min(v), v.pop(), v)",
            f"print(list(range({draw.randint(-5, 9)}, {draw.randint(-9, 25)}, {draw.choice((-3, -1, 1, 2))})), list(reversed({values})))",
            f"a, *b = {values}\nprint(a, b)",
            f"print({values} == {values[::-1]}, {values} < {values[1:]}, {values} + {words}, {values[:2]} * 2, 3 in {values})",
            f"from functools import reduce\nprint(reduce(lambda a, b: a * b, {values}, 1))",
            f"import itertools\nprint(list(itertools.accumulate({values})), len(list(itertools.permutations({values[:4]}))))",
            f"import itertools\nprint(list(itertools.combinations({words}, 2))[:3], list(itertools.product('ab', repeat=2)))",
        )
    )


def mappings(draw: Draw) -> str:
    pairs = {draw.choice(WORDS): draw.randint(-9, 9) for _ in range(draw.randint(0, 5))}
    return draw.choice(
        (
            f"d = {pairs}\nfor k, v in sorted(d.items(), key=lambda p: (p[1], p[0])):\n    print(k, v)",
            f"d = {pairs}\nd['new'] = d.get('apple', 0) + 1\nprint(d, len(d), list(d), sum(d.values()))",
            f"d = {pairs}\nprint(d.pop('apple', None), d.setdefault('q', 5), d, 'q' in d)",
            f"from collections import Counter\nc = Counter({draw.choice(WORDS)!r} + 'abca')\nprint(c.most_common(2), c['a'], sum(c.values()))",
            f"from collections import defaultdict\nd = defaultdict(int)\nfor w in {list(pairs)}:\n    d[w[:1]] += 1\nprint(dict(d))",
            f"d = {pairs}\nprint({{v: k for k, v in d.items()}}, max(d, key=d.get) if d else None)",
            f"d = {pairs}\nprint(d['missing'])",
            f"import json\nprint(json.dumps({pairs}), json.dumps([{number(draw)}, None, True, 'é'], sort_keys=True))",
            f'import json\nprint(json.loads(\'{{"a": [1, 2.50, -0.0, 1e400], "b": null}}\'), json.dumps({pairs}, indent=2))',
            f"s = {{{draw.randint(0, 5)}, {draw.randint(0, 5)}, {draw.randint(0, 5)}}}\nprint(sorted(s | {{9}}), len(s), sorted(s & {{1, 2}}), 3 in s)",
        )
    )


def dates(draw: Draw) -> str:
    day = f"{draw.randint(1, 2400)}, {draw.randint(1, 12)}, {draw.randint(1, 28)}"
    iso = f"{draw.randint(1900, 2100):04d}-{draw.randint(1, 12):02d}-{draw.randint(1, 31):02d}"
    shape = draw.choice(("%Y-%m-%d", "%d %B %Y", "%A", "%j", "%b %d, %y", "%U-%w", "%H:%M:%S", "%I:%M %p", "%G-W%V"))
    return draw.choice(
        (
            f"from datetime import date, timedelta\nprint(date({day}) + timedelta(days={draw.randint(-900, 9000)}))",
            f"from datetime import date\nprint((date({day}) - date(2000, 2, 29)).days, date({day}).weekday(), date({day}).isoformat())",
            f"from datetime import date\nprint(date({day}).strftime({shape!r}))",
            f"from datetime import datetime\nprint(datetime.strptime({iso!r}, '%Y-%m-%d').strftime({shape!r}))",
            f"from datetime import date, datetime\nprint(date.fromisoformat({iso!r}), datetime.fromisoformat({iso!r} + 'T08:30:00'))",
            f"from datetime import timedelta\nprint(timedelta(hours={draw.randint(-90, 90)}, minutes={draw.randint(0, 200)}), "
            f"timedelta(seconds={number(draw)[:9]}).total_seconds())",
            f"from datetime import datetime, timedelta\nt = datetime({day}, 9, 45) + timedelta(minutes={draw.randint(0, 5000)})\n"
            f"print(t, t.hour, t.minute, t.replace(day=1), t.date(), t.time())",
            f"import datetime\nprint(datetime.date({day}) < datetime.date(2024, 1, 1), datetime.datetime({day}).isocalendar()[1])",
            f"import calendar\nprint(calendar.monthrange({draw.randint(1900, 2100)}, {draw.randint(1, 12)}), calendar.isleap(1900))",
        )
    )


def floats(draw: Draw) -> str:
    value = repr(draw.uniform(-1, 1) * 10.0 ** draw.randint(-18, 22))
    call = draw.choice(
        (
            "sqrt",
            "exp",
            "log",
            "log10",
            "log2",
            "sin",
            "cos",
            "tan",
            "atan",
            "degrees",
            "radians",
            "fabs",
            "cbrt",
            "asin",
        )
    )
    return draw.choice(
        (
            f"print({value}, {value} / 7, {value} * 3, -{value})",
            f"import math\nprint(math.{call}({value}))",
            f"import math\nprint(math.{call}({positive(draw)}), math.pi, math.hypot({positive(draw)}, {positive(draw)}))",
            f"print({value} // {positive(draw)}, {value} % {positive(draw)}, divmod({value}, 0.1))",
            f"print(({value}).is_integer(), ({value}).as_integer_ratio(), float({value!r}).hex())",
            f"import math\nprint(math.isclose({value}, {value} * 1.0000000001), math.fsum([0.1] * 10), sum([0.1] * 10), math.modf({value}))",
            f"print(min({value}, {number(draw)}), max({value}, {number(draw)}), {value} == {number(draw)})",
        )
    )


def exact(draw: Draw) -> str:
    a, b = f"'{draw.randint(0, 999)}.{draw.randint(0, 999)}'", f"'{draw.randint(1, 99)}.{draw.randint(0, 99)}'"
    return draw.choice(
        (
            f"from decimal import Decimal\nprint(Decimal({a}) * Decimal({b}), Decimal({a}) / Decimal({b}), Decimal({a}) % Decimal({b}))",
            f"from decimal import Decimal, ROUND_HALF_UP\nprint(Decimal({a}).quantize(Decimal('0.01'), rounding=ROUND_HALF_UP))",
            f"from decimal import Decimal\nprint(round(Decimal({a}), 2), Decimal({a}) + 1, format(Decimal({a}), '.2f'), Decimal(0.1))",
            f"from fractions import Fraction\nprint(Fraction({a}) + Fraction({b}), Fraction({draw.randint(0, 99)}, {draw.randint(0, 60)}))",
            f"from fractions import Fraction\nx = Fraction({draw.randint(1, 99)}, {draw.randint(1, 60)})\nprint(x, float(x), x // 1, x % 1, x ** 2)",
            f"import statistics\nprint(statistics.mean([{positive(draw)}, {positive(draw)}, 3]), statistics.median([3, 1, {positive(draw)}]))",
        )
    )


def flow(draw: Draw) -> str:
    n, rate = draw.randint(0, 40), draw.randint(1, 99)
    return draw.choice(
        (
            f"total, day = {n}, 0\nwhile total < {n + rate}:\n    day += 1\n    total += day * 1.1\nprint(day, total)",
            f"def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f({n % 15}))",
            f"def interest(p, r={rate} / 100, *, years={n}):\n    for _ in range(years):\n        p *= 1 + r\n    return p\n"
            f"print(round(interest({positive(draw)}), 2))",
            f"for i in range({n}):\n    if i * i > {rate}:\n        print(i)\n        break\nelse:\n    print('none')",
            f"try:\n    x = {number(draw)} / {draw.choice(('0', positive(draw)))}\nexcept ZeroDivisionError:\n    x = 'undefined'\nfinally:\n    print(x)",
            f"class Tank:\n    def __init__(self, litres):\n        self.litres = litres\n    def drain(self, share):\n"
            f"        self.litres -= self.litres * share\n        return self\nprint(Tank({positive(draw)}).drain({rate} / 100).litres)",
            f"def count():\n    n = 0\n    while n < {n}:\n        yield n\n        n += {rate % 7 + 1}\nprint(list(count()), sum(count()))",
            f"match {n} % 4:\n    case 0:\n        print('even')\n    case 1 | 3:\n        print('odd')\n    case other:\n        print(other)",
            f"import random\nrandom.seed({n})\nprint(random.random(), random.randint(1, {rate}), random.sample(range(50), 3), random.choice('abc'))",
            f"import random\nrandom.seed({n})\nv = list(range(8))\nrandom.shuffle(v)\nprint(v, random.gauss(0, 1), random.uniform(1, {rate}))",
            f"x = [[0] * 3 for _ in range(2)]\nx[1][{n % 4}] = {rate}\nprint(x)",
            f"primes = [p for p in range(2, {n + rate}) if all(p % q for q in range(2, int(p ** 0.5) + 1))]\nprint(primes[-5:], len(primes))",
            f"print({n} if {n} > {rate} else -{rate}, {n} < {rate} <= 50, bool({n}), (lambda a, b=2: a ** b)({rate}))",
            f"from dataclasses import dataclass\n@dataclass\nclass Item:\n    price: float\n    count: int = {n}\nprint(Item({positive(draw)}), Item({rate}) == Item({rate}))",
        )
    )


KINDS: tuple[Callable[[Draw], str], ...] = (
    arithmetic, powers, integers, rounding, formatting, printing, text, lists, mappings, dates, floats, exact, flow
)  # fmt: skip
