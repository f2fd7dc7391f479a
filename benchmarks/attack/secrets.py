"""Planted secrets, searched for in every file and every output: each path to a model, each end of a call.

The endpoint repeats all that a request held, in its sentence, its reply or its redirect. `EXTRA` are bytes that must
not appear either: what base64 makes of the proxy's password. Every command is run that names models or reads what was
left.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from aiohttp import web

from benchmarks.attack.attack import Attack, apart
from datagen_cli.cli.app import run
from datagen_cli.core.errors import DatagenError
from datagen_cli.llm import batch
from datagen_cli.report.serving import Pages
from tests.endpoint import Answer
from tests.export.test_push import Answers, Hub
from tests.llm.batch_endpoint import BatchEndpoint
from tests.llm.local.tiny import CHAT, save_model

SECRETS = {
    "vendor key": "planted-01-vendor-key",
    "own key": "planted-02-own-key",
    "key in .env": "planted-03-dotenv-key",
    "header": "planted-04-header",
    "variable in a header": "planted-05-header-variable",
    "query": "planted-06-query",
    "variable in a query": "planted-07-query-variable",
    "--set of a header": "planted-08-set-header",
    "--set of a model": "planted-09-set-model",
    "model file": "planted-10-model-file",
    "header of another role": "planted-11-reviewer-header",
    "proxy": "planted-12-proxy-password",
    "token of the hub": "planted-13-hub-token",
}
UNSENT = {"proxy", "vendor key", "token of the hub"}
"""Those that the endpoint of the `fast` path is never sent: of others' addresses."""
PIECE = 16
"""Characters by which each is known."""
LOGIN = f"planted-user:{SECRETS['proxy']}"
EXTRA = (base64.b64encode(LOGIN.encode()), base64.b64encode(f"x:{SECRETS['proxy']}".encode())[4:-4])
RECIPE = """
version: 1
name: letters
description: Short letters to a shop.
fields: {text: {type: text}, kind: {type: label}}
label: {field: kind, values: {praise: kind words, blame: complaints}}
models:
  generator:
    - GENERATOR
    - model.yaml
  reviewer: {name: any/other, base_url: "URL?key=${QUERY_KEY}&k=planted-06-query", api_key_env: DOTENV_KEY,
    timeout_s: 2, deadline_s: 3, headers: {Y: planted-11-reviewer-header}}
count: 3
validators: [{reflect: {rounds: 1}}]
limits: {patience_s: 1, attempts_per_record: 2, concurrency: 2, batch: IN_BATCHES}
"""
ANSWERS = {
    "reply": 200, "broken": 200, "inner": 200, "bad": 400, "key": 401, "denied": 403, "away": 307, "gone": 404,
    "slow": 429, "down": 500, "ending": 200, "type": 200, "long": 400, "coded": 400,
}  # fmt: skip
STEPS = ("files", "batches", "batches/", "files/")
ASKED = """{name: NAME, BASE api_key_env: KEY, timeout_s: 2, deadline_s: 3,
       headers: {X-One: planted-04-header, X-Two: "Bearer ${TWO_TOKEN}"}}"""
LOCAL = {"local": "{name: local/tiny, max_tokens: 20}", "gguf": "{name: gguf/smollm2, max_tokens: 8}"}
"""Models of this machine, of which the first is made on the spot: the other roles' secrets are about all the same."""
PATHS = {"fast": ("any/m", "MINE_KEY"), "litellm": ("anthropic/m", "ANTHROPIC_API_KEY"), "batch": ("any/m", "MINE_KEY")}
ON_RAY = ("reply", "program", "key")
ENVIRONMENT = {
    "ANTHROPIC_API_KEY": SECRETS["vendor key"], "MINE_KEY": SECRETS["own key"],
    "TWO_TOKEN": SECRETS["variable in a header"], "QUERY_KEY": SECRETS["variable in a query"],
    "HF_TOKEN": SECRETS["token of the hub"],
}  # fmt: skip


def attacks() -> list[Attack]:
    """Every path with every kind of answer; for batches also each of their steps answered by an error."""
    ends = [(path, kind) for path in PATHS for kind in ANSWERS] + [(path, "key") for path in LOCAL]
    ends += [("ray", kind) for kind in ON_RAY if find_spec("ray")]
    found = [Attack(f"{path}: {kind}", partial(tried, path, kind, "")) for path, kind in ends]
    steps = [(step, kind) for step in STEPS for kind in ("key", "bad", "down", "broken", "away")]
    return found + [Attack(f"batch, {step}: {kind}", partial(tried, "batch", kind, step)) for step, kind in steps]


class Reflecting(BatchEndpoint):
    """Answers with all that the last request held; `step` is the path that is answered so, every one where it is
    empty."""

    def __init__(self, kind: str, step: str) -> None:
        super().__init__(lambda body, attempt: self.answer())
        self.kind, self.step, self.last = kind, step, ""
        self.sent: list[str] = []
        if step:
            self.meddle = lambda path, time_: self.answer() if path.startswith(step) else None

    def answer(self) -> Answer:
        """What this kind of endpoint says."""
        echo = self.last
        text = json.dumps({"records": [{"text": echo, "kind": "praise"}], "verdict": "yes", "reason": echo})
        if self.kind == "reply":
            return Answer(text, headers={"X-Echo": "e"})
        if self.kind == "broken":
            return Answer(body=echo.encode())
        if self.kind == "program":  # and the record that it is about
            return Answer(f"{text}\n```python\nprint({echo!r})\nraise ValueError({echo!r})\n```")
        held = re.findall(r"planted-\d\d-[\w-]+", echo) or [""]
        turn = held[len(self.sent) % len(held)]  # one after the other, where there is room for one only
        if self.kind == "ending":
            return Answer(text, finish_reason=turn)
        if self.kind == "type":
            return Answer(body=b"\0\1", headers={"Content-Type": turn})
        if self.kind == "long":  # to be cut off within the secret
            echo = f"{'x' * 270} {turn}{'x' * 40}"
        if self.kind == "coded":
            echo = " ".join(base64.b64encode(word.encode()).decode() for word in held)
        body = json.dumps({"error": {"message": echo, "code": 400}}).encode()
        headers = {"Location": f"http://other/{echo[:200].split(' ')[0]}"}
        return Answer(status=ANSWERS[self.kind], body=body, headers=headers)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.last = f"{request.path_qs} {dict(request.headers)}"
        self.sent.append(self.last)
        if request.path.endswith("/chat/completions") or request.path.endswith("/messages"):
            body = json.loads(await request.read() or b"{}")
            return await self._answer(request, body, self.answer())
        return await super()._handle(request)


def tried(path: str, kind: str, step: str, folder: Path) -> str:
    """All commands in a process of their own; where a secret stands, or an empty text."""
    return apart(lambda note: found_in(path, kind, step, folder), folder)


def found_in(path: str, kind: str, step: str, folder: Path) -> str:
    """Runs the commands in `folder` and searches what they wrote and said."""
    os.chdir(folder)
    for name in ("https_proxy", "http_proxy", "all_proxy"):
        os.environ.pop(name.upper(), None)
        os.environ[name] = f"http://{LOGIN}@127.0.0.1:9"
    os.environ |= ENVIRONMENT
    os.environ["RAY_TMPDIR"] = str(folder)  # what the cluster logs lies there, and is searched
    batch.QUIET_S, batch.FIRST_POLL_S = 0.05, 0.02
    said = os.open("said.txt", os.O_RDWR | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(said), "w", buffering=1, encoding="utf-8") for _ in (1, 2))
    (folder / ".env").write_text(f"DOTENV_KEY={SECRETS['key in .env']}\n")
    with Reflecting(kind, step) as endpoint:
        os.environ["ANTHROPIC_API_BASE"] = endpoint.url
        for command in _commands(path, endpoint.url, folder):
            try:
                code = run(command)
            except BaseException as error:
                return f"{command[0]} raised {error!r}"
            if code == 1:
                return f"{command[0]}: exit code 1: {Path('said.txt').read_text('utf-8', 'replace')[-300:]}"
        if path != "ray":
            _from_python(folder / "r.yaml")
        if (path, step) == ("fast", ""):
            pushed = _push(0 if ANSWERS[kind] == 200 else ANSWERS[kind])
            if kind == "reply" and SECRETS["token of the hub"] not in pushed:
                return "the hub was sent no token"
        sent = "".join(endpoint.sent)
    if not sent:
        return "nothing was sent"
    if path == "ray" and not list(folder.glob("ray/session_*/logs/*")):
        return "the cluster kept no logs to search"
    unsent = {name for name, secret in SECRETS.items() if secret not in sent}
    if (path, kind, step) == ("fast", "reply", "") and unsent != UNSENT:
        return f"not sent: {', '.join(sorted(unsent)) or 'none'}"
    return "; ".join(dict.fromkeys(_places(folder)))


def _commands(path: str, url: str, folder: Path) -> Iterator[list[str]]:
    (folder / "model.yaml").write_text(
        f"name: any/two\nbase_url: {url}\ntimeout_s: 2\ndeadline_s: 3\nheaders: {{Z: {SECRETS['model file']}}}\n"
    )
    generator = LOCAL.get(path, "")
    if path not in LOCAL:
        name, key = PATHS.get(path, PATHS["fast"])
        base = "" if path == "litellm" else "base_url: URL, "
        generator = ASKED.replace("NAME", name).replace("BASE ", base).replace("KEY", key, 1)
    recipe = RECIPE.replace("GENERATOR", generator).replace("URL", url)
    if path == "local":
        save_model(folder / "tiny", chat=CHAT, context=8_000)
    (folder / "decisions.jsonl").write_text('{"id": "none", "decision": "keep"}\n')
    if path == "ray":
        recipe = recipe.replace("[{reflect: {rounds: 1}}]", "[{code: {question: text, answer: kind, solutions: 1}}]")
    (folder / "r.yaml").write_text(recipe.replace("IN_BATCHES", "true" if path == "batch" else "false"))
    judge = f"models.judge={{name: j, base_url: '{url}', headers: {{A: {SECRETS['--set of a model']}}}}}"
    sets = ["--set", f"models.reviewer.headers.B={SECRETS['--set of a header']}", "--set", judge]
    if path == "ray":
        yield ["generate", "r.yaml", "-o", "out", "--engine", "ray", *sets]
        yield ["eval", "out", "--engine", "ray", "--json"]
        yield ["bench", "r.yaml", "-m", "model.yaml", "-n", "2", "-o", "table", "--engine", "ray", *sets]
        return
    yield ["generate", "r.yaml", "-o", "out", *sets]
    yield ["generate", "r.yaml", "-o", "out", "--json", "-v", *sets]
    yield from ([command, "r.yaml", *sets] for command in ("validate", "prompt"))
    yield ["preview", "r.yaml", "-o", "seen", *sets]
    yield ["generate", "r.yaml", "-o", "other", "--dry-run", *sets]
    yield ["generate", "out/recipe.lock.yaml", "-o", "third"]
    for command in ("status", "status --json", "show", "show --rejected", "eval", "eval --html page.html"):
        first, *rest = command.split()
        yield [first, "out", *rest]
    plan = folder / "out" / "checkpoints" / "2-plan.jsonl"
    if plan.exists():
        yield ["why", "out", str(json.loads(plan.read_text().splitlines()[-1])["id"])]
    yield ["eval", "out", "--recheck", "--trust-lock"]
    yield ["eval", "out", "--recheck", "--model", "model.yaml"]
    yield ["doctor", "--model", "model.yaml"]
    yield ["doctor", "--model", "model.yaml", "--json"]
    yield ["score", "out", "-m", "model.yaml", "-n", "2", "-o", "scored"]
    set_header = f"model.headers.C={SECRETS['--set of a model']}"
    yield ["score", "out", "-m", "model.yaml", "-n", "2", "-o", "scored-so", "--set", set_header, "--json"]
    yield ["bench", "r.yaml", "--vary", "seed=1,2", "-n", "2", "--seed", "0", "-o", "varied", "--json", *sets]
    yield ["bench", "r.yaml", "-m", "model.yaml", "-n", "2", "--seed", "0", "-o", "table", *sets]
    yield [
        "bench",
        "r.yaml",
        "-m",
        "model.yaml",
        "--judge",
        "model.yaml",
        "-n",
        "2",
        "--seed",
        "0",
        "-o",
        "judged",
        *sets,
    ]
    yield ["export", "out", "--to", "jsonl", "-o", "exported.jsonl"]
    for format in ("csv", "messages", "parquet", "preference"):
        yield ["export", "out", "--to", format, "-o", f"exported-{format}"]
    yield ["export", "out", "--to", "hf", "-o", "hub", "--push", "me/mine", "--dry-run"]
    yield [
        "eval",
        "out",
        "--junit",
        "junit.xml",
        "--summary",
        "summary.md",
        "--detail",
        "detail.json",
        "--figures",
        "figures",
    ]
    yield ["eval", "out", "out", "--table", "latex"]
    yield ["student", "out", "--test", "out/dataset.jsonl", "--json"]
    yield ["dedup", "out", "-o", "kept.jsonl", "--rejected", "others.jsonl"]
    yield ["merge", "out", "third", "-o", "merged"]
    yield ["review", "out", "--from", "decisions.jsonl"]
    yield ["init", "proposed.yaml", "--from", "out/dataset.jsonl"]
    yield ["list", "recipes"]
    yield ["prune", "out", "--dry-run", "--json"]


def _from_python(recipe: Path) -> None:
    """What Python and the served page are given, as text."""
    from datagen_cli import api

    works: tuple[Callable[[], object], ...] = (
        lambda: api.load_recipe(recipe),
        lambda: api.generate(api.load_recipe(recipe), "python", on_event=lambda *told: print(told)),
        lambda: api.evaluate("out"),
    )
    for work in works:
        try:
            made = work()
            print(repr(made), str(made), vars(made) if hasattr(made, "__dict__") else "")
        except DatagenError as error:
            traceback.print_exception(error)
            print(repr(error), vars(error))
    pages = Pages(Path("out"))
    with suppress(DatagenError):
        pages.refresh()
        pages.measure()
        pages.refresh()
        print(pages.html, pages.state())


class ReflectingHub(Hub):
    """A hub of this machine that refuses, where it does, with all that it was sent."""

    def __init__(self, refused: int) -> None:
        super().__init__()
        self.refused, self.RequestHandlerClass = refused, _Reflected


class _Reflected(Answers):
    def send_response(self, code: int, message: str | None = None) -> None:
        super().send_response(code, message)
        self.send_header("X-Error-Message", " ".join(str(self.headers).split()))


def _push(refused: int) -> str:
    """Rows sent to a hub; what it was sent as a key."""
    hub = ReflectingHub(refused)
    serving = Thread(target=hub.serve_forever, daemon=True)
    serving.start()
    os.environ["HF_ENDPOINT"] = hub.url
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_XET = (
        True  # its threads are lost in a forked process; what the environment says is read once
    )
    run(["export", "out", "--to", "hf", "-o", "pushed", "--push", "me/mine"])
    hub.shutdown()
    serving.join()
    return str([authorization for *_, authorization in hub.calls])


def _places(folder: Path) -> Iterator[str]:
    given = {"r.yaml", "model.yaml", ".env"}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.relative_to(folder).as_posix() not in given:
            data = file.read_bytes()
            for name, secret in SECRETS.items():
                if secret[:PIECE].encode() in data or base64.b64encode(secret.encode())[:PIECE] in data:
                    yield f"{name} stands in {file.relative_to(folder)}"
            if any(extra in data for extra in EXTRA):
                yield f"the proxy's login stands in {file.relative_to(folder)}"
