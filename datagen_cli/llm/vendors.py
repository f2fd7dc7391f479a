"""Who serves which names: the environment variable of a vendor's key and the hosts that it may be sent to.

A host that starts with a dot stands for all below it. Prefixes are those of litellm's names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Vendor:
    """A company that sells calls. `keys`: variables that hold its key, the usual first; `hosts`: where it listens."""

    keys: tuple[str, ...]
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropIn:
    """A name's prefix that goes the fast way: its address (None: must be given) and the key that it needs."""

    base_url: str | None
    key_env: str | None


DROP_INS: dict[str, DropIn] = {
    "openai": DropIn("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "hosted_vllm": DropIn(None, None),
    "ollama": DropIn("http://localhost:11434/v1", None),
    "lm_studio": DropIn("http://localhost:1234/v1", None),
}

VENDORS: dict[str, Vendor] = {
    "openai": Vendor(("OPENAI_API_KEY",), ("api.openai.com", ".api.openai.com")),
    "anthropic": Vendor(("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), ("api.anthropic.com",)),
    "azure": Vendor(("AZURE_API_KEY", "AZURE_OPENAI_API_KEY"), (".openai.azure.com", ".cognitiveservices.azure.com")),
    "azure_ai": Vendor(
        ("AZURE_AI_API_KEY",), (".services.ai.azure.com", ".models.ai.azure.com", ".inference.ai.azure.com")
    ),
    "gemini": Vendor(("GEMINI_API_KEY", "GOOGLE_API_KEY"), ("generativelanguage.googleapis.com",)),
    "vertex_ai": Vendor(("VERTEX_API_KEY",), (".googleapis.com",)),
    "mistral": Vendor(("MISTRAL_API_KEY",), ("api.mistral.ai",)),
    "codestral": Vendor(("CODESTRAL_API_KEY",), ("codestral.mistral.ai",)),
    "groq": Vendor(("GROQ_API_KEY",), ("api.groq.com",)),
    "deepseek": Vendor(("DEEPSEEK_API_KEY",), ("api.deepseek.com",)),
    "openrouter": Vendor(("OPENROUTER_API_KEY",), ("openrouter.ai",)),
    "together_ai": Vendor(
        ("TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN", "TOGETHER_API_KEY"), ("api.together.xyz", "api.together.ai")
    ),
    "fireworks_ai": Vendor(("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"), ("api.fireworks.ai",)),
    "deepinfra": Vendor(("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"), ("api.deepinfra.com",)),
    "cohere": Vendor(("COHERE_API_KEY", "CO_API_KEY"), ("api.cohere.com", "api.cohere.ai")),
    "cohere_chat": Vendor(("COHERE_API_KEY", "CO_API_KEY"), ("api.cohere.com", "api.cohere.ai")),
    "xai": Vendor(("XAI_API_KEY",), ("api.x.ai",)),
    "perplexity": Vendor(("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"), ("api.perplexity.ai",)),
    "cerebras": Vendor(("CEREBRAS_API_KEY",), ("api.cerebras.ai",)),
    "sambanova": Vendor(("SAMBANOVA_API_KEY",), ("api.sambanova.ai",)),
    "nvidia_nim": Vendor(("NVIDIA_NIM_API_KEY", "NVIDIA_API_KEY"), ("integrate.api.nvidia.com", ".api.nvidia.com")),
    "huggingface": Vendor(
        ("HF_TOKEN", "HUGGINGFACE_API_KEY", "HUGGINGFACEHUB_API_TOKEN"),
        ("router.huggingface.co", "huggingface.co", ".huggingface.co", ".huggingface.cloud"),
    ),
    "replicate": Vendor(("REPLICATE_API_KEY", "REPLICATE_API_TOKEN"), ("api.replicate.com",)),
    "moonshot": Vendor(("MOONSHOT_API_KEY",), ("api.moonshot.ai", "api.moonshot.cn")),
    "dashscope": Vendor(("DASHSCOPE_API_KEY",), ("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com")),
    "zai": Vendor(("ZAI_API_KEY",), ("api.z.ai",)),
    "github": Vendor(
        ("GITHUB_API_KEY", "GITHUB_TOKEN", "GH_TOKEN"), ("models.github.ai", "models.inference.ai.azure.com")
    ),
    "ai21": Vendor(("AI21_API_KEY",), ("api.ai21.com",)),
    "nebius": Vendor(
        ("NEBIUS_API_KEY",), ("api.studio.nebius.com", "api.studio.nebius.ai", "api.tokenfactory.nebius.com")
    ),
    "novita": Vendor(("NOVITA_API_KEY",), ("api.novita.ai",)),
    "bedrock": Vendor(("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"), (".amazonaws.com",)),
}
KEYLESS = ("azure", "azure_ai", "vertex_ai", "bedrock", "github")  # they also take other credentials than one key


def vendor_of_key(key_env: str) -> Vendor | None:
    """The vendor whose key this variable holds, or None for a key of the user's own."""
    return next((vendor for vendor in VENDORS.values() if key_env in vendor.keys), None)


def is_host_of(vendor: Vendor, host: str) -> bool:
    """Whether the vendor listens at this host (lower case, without a port)."""
    return any(host.endswith(own) if own.startswith(".") else host == own for own in vendor.hosts)


def litellm_folder() -> Path | None:
    """Where litellm is installed, found without importing it."""
    spec = find_spec("litellm")
    return Path(spec.origin).parent if spec and spec.origin else None


@cache
def litellm_catalog() -> dict[str, dict[str, Any]]:
    """Litellm's bundled table of models: prices and providers by name; empty when it is missing. 25 ms, read once."""
    folder = litellm_folder()
    try:
        text = (folder / "model_prices_and_context_window_backup.json").read_bytes() if folder else b"{}"
        table = json.loads(text)
    except (OSError, ValueError):
        return {}
    return {name: _needed(entry) for name, entry in table.items() if isinstance(entry, dict) and name != "sample_spec"}


def _needed(entry: dict[str, Any]) -> dict[str, Any]:
    wanted = ("litellm_provider", "mode", "input_cost_per_token", "output_cost_per_token")
    return {name: entry[name] for name in wanted if name in entry}


def litellm_prefixes() -> set[str]:
    """The prefixes that litellm knows, from its table and its folders."""
    known = {str(entry.get("litellm_provider")) for entry in litellm_catalog().values()}
    folder = litellm_folder()
    if folder and (folder / "llms").is_dir():
        known |= {path.name for path in (folder / "llms").iterdir() if path.is_dir() and not path.name.startswith("_")}
    return known | set(VENDORS)
