"""An exported folder sent to the Hugging Face hub as a dataset: private unless told otherwise, and only these files.

The hub's own client does it (extra `hub`). It asks the hub first which files it has, so that after an interruption the
same call sends what is missing; all files become visible at once, in one commit. The token is `HF_TOKEN`, else the one
that `hf auth login` keeps. It goes to huggingface.co over https, to this machine, or to a host that the user allowed;
`HF_ENDPOINT` names another hub. A dataset that is there and public is not written to without `public`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datagen_cli.core.errors import MissingExtra, ProviderError, UsageError
from datagen_cli.core.proxies import proxy_for, spare_proxy
from datagen_cli.core.secret import Secret
from datagen_cli.llm.keys import ANY, allowed_hosts, is_loopback

HOME = "https://huggingface.co"
TOKEN = "HF_TOKEN"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class HubDataset:
    """A dataset of a hub: `owner/name`, the hub's address, and whether everybody may see it."""

    name: str
    endpoint: str
    public: bool = False

    @property
    def host(self) -> str:
        """Who is contacted."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    @property
    def url(self) -> str:
        """The page of the dataset."""
        return f"{self.endpoint}/datasets/{self.name}"


def hub_dataset(name: str, environ: Mapping[str, str], allow_hosts: Collection[str], *, public: bool) -> HubDataset:
    """The dataset that is meant; nothing is contacted.

    Raises `UsageError` for a name that is none, and for a hub that a token must not go to.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"--push: {name!r} is no name of a dataset", hint="such as --push my-name/tickets")
    dataset = HubDataset(name, (environ.get("HF_ENDPOINT") or HOME).rstrip("/"), public)
    address = urlsplit(dataset.endpoint)
    host = address.hostname or ""
    home = address.scheme == "https" and host == urlsplit(HOME).hostname
    known = home or is_loopback(host) or bool({ANY, host, dataset.host} & allowed_hosts(environ, allow_hosts))
    if address.scheme not in ("http", "https") or not known:
        raise UsageError(f"HF_ENDPOINT: {dataset.host or dataset.endpoint} is not the hub that a {TOKEN} is for",
                         hint=f"--allow-host {host or 'HOST'} if you trust it with your token")  # fmt: skip
    return dataset


def files_of(folder: Path) -> dict[str, int]:
    """What would be sent: every file of the folder, by its name there, with its bytes."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def push(folder: Path, dataset: HubDataset, environ: Mapping[str, str], message: str) -> None:
    """Makes the dataset where it is missing, and sends the folder's files.

    Raises `MissingExtra` without the client, `UsageError` for a public dataset that was not meant, `ProviderError` for
    a missing or refused token and a hub that cannot be reached.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the client is imported
    try:
        import huggingface_hub
        from httpx import HTTPError
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import disable_progress_bars
    except ImportError as error:
        raise MissingExtra(
            "--push needs huggingface_hub", "hub", "huggingface_hub", instead="leave --push out"
        ) from error
    _safe_way(dataset)
    huggingface_hub.close_session()  # what is open may know another way
    token = environ.get(TOKEN) or huggingface_hub.get_token()
    if not token:
        raise ProviderError(
            f"no token for {dataset.host}: {TOKEN} is not set", hint=f"export {TOKEN}=…, or hf auth login"
        )
    disable_progress_bars()
    api = HfApi(endpoint=dataset.endpoint, token=token)
    whose: dict[str, Any] = {"repo_id": dataset.name, "repo_type": "dataset"}
    try:
        api.create_repo(**whose, private=not dataset.public, exist_ok=True)
        if not dataset.public and not api.repo_info(**whose).private:
            raise UsageError(
                f"{dataset.name} is there already, and is public", hint="--public if everybody may see the rows"
            )
        names = list(files_of(folder))
        api.upload_folder(**whose, folder_path=folder, allow_patterns=names, commit_message=message)
    except HFValidationError as error:
        raise UsageError(f"--push: {dataset.name}: {error}", hint="such as --push my-name/tickets") from error
    except (HTTPError, OSError, RuntimeError) as error:  # the last is what the client makes of a failed upload
        raise _refused(error, dataset, Secret(token)) from None


def _safe_way(dataset: HubDataset) -> None:
    """Has the client ask a hub of this machine directly. Raises `UsageError` where a proxy could read the token."""
    address = urlsplit(dataset.endpoint)
    if is_loopback(address.hostname or ""):
        spare_proxy(dataset.endpoint)
    elif address.scheme == "http" and (proxy := proxy_for(dataset.endpoint)) is not None:
        raise UsageError(
            f"--push: {TOKEN} would pass the proxy {proxy.host} in clear text; nothing was sent",
            hint=f"use https:// in HF_ENDPOINT, or put {address.hostname} into NO_PROXY",
        )


def _refused(error: Exception, dataset: HubDataset, token: Secret) -> ProviderError:
    """What the hub, or the way to it, said."""
    error = error.__cause__ if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception) else error
    status = getattr(getattr(error, "response", None), "status_code", None)
    said = next(iter(str(getattr(error, "server_message", None) or error).strip().splitlines()), type(error).__name__)
    for form in token.forms():
        said = said.replace(form, "…")
    again = "the same command goes on where it was"
    if status in (401, 403):
        return ProviderError(
            f"{dataset.host} refuses the token ({status}): {said}", hint=f"{TOKEN} needs the right to write"
        )
    if status is not None:
        return ProviderError(f"{dataset.host} answers {status}: {said}", hint=again)
    return ProviderError(f"{dataset.host} cannot be reached: {said}", hint=again)
