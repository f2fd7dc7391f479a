"""Addresses that a vendor's key must not go to: look-alikes, other spellings, customers' hosts, regions that are none.

Each is the address of a model whose key is a vendor's. It is refused before anything is sent, or the call holds no key;
an error that is not ours gets through, too.
"""

# ruff: noqa: E501

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import ValidationError

from benchmarks.attack.attack import Attack
from datagen_cli.config.models import ModelOptions
from datagen_cli.core.errors import DatagenError
from datagen_cli.llm.keys import resolve

KEYS = {
    "OPENAI_API_KEY": "planted-key", "ANTHROPIC_API_KEY": "planted-key", "AWS_SESSION_TOKEN": "planted-key", "AZURE_API_KEY": "planted-key", "HF_TOKEN": "planted-key",
    "VERTEX_API_KEY": "planted-key", "MINE_KEY": "planted-key", "VERTEXAI_PROJECT": "p", "AWS_REGION": "us-east-1", "VERTEXAI_LOCATION": "us-central1",
}  # fmt: skip
OPENAI = (
    "https://api.openai.com.evil.example", "https://evil.example/.api.openai.com", "https://evil.example?.api.openai.com", "https://evil.example#.api.openai.com", "https://api.openai.com@evil.example", "https://api.openai.com:443@evil.example",
    "https://evil.example\\@api.openai.com", "https://evil.example\\.api.openai.com", "https://api.openai.com\\.evil.example", "https://api.openai.com\t.evil.example", "https://api.openai.com\n.evil.example", "https://api.openai.com .evil.example",
    "https://api.openai.com;evil.example", "https://api.openai.com%2eevil.example", "https://api.openai.com%00.evil.example", "https://api.openai.com\0.evil.example", "https://api.openai.com\u3002evil.example", "https://api\u2024openai.com", "https://ap\u0456.openai.com",
    "https://\uff41pi.openai.com", "https://api.openai.com\u200b", "https://\u202eapi.openai.com", "https://api.openai.com.", "https://apiopenai.com", "https://api-openai.com", "https://notapi.openai.com", "https://openai.com", "http://api.openai.com",
    "ftp://api.openai.com", "https:/\\api.openai.com", "https:api.openai.com", "https:///api.openai.com", "//api.openai.com", "https://[api.openai.com]", "https://[::1", "https://[::1]evil.example", "https://[fe80::1%25lo]", "https://[::ffff:10.0.0.1]",
    "http://0", "http://127.1", "http://0x7f.1", "http://0177.0.0.1", "http://2130706433", "http://\u2460\u2461\u2466.0.0.1", "http://127.0.0.1.evil.example", "http://127.0.0.1.nip.io", "http://localhost.evil.example", "http://localhost\u3002evil.example",
    "http://localhost%2eevil.example", "http://localhost@evil.example", "http://evil.example:80#localhost", "http://localtest.me", "http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]", "http://metadata.google.internal", "http://100.100.100.200",
    "http://10.0.0.1", "http://192.168.0.1", "http://host.docker.internal", "https://api.openai.com:x", "https://api.openai.com:99999", "https://\ud800", "https://a..b", "https://" + "a" * 300, "https://-", "https://*",
)  # fmt: skip
OTHERS = (
    ("any/m", "https://abc.execute-api.us-east-1.amazonaws.com", "AWS_SESSION_TOKEN"), ("any/m", "https://bedrock-runtime.s3.amazonaws.com", "AWS_SESSION_TOKEN"), ("any/m", "https://evil.s3.us-east-1.amazonaws.com", "AWS_SESSION_TOKEN"),
    ("any/m", "https://bedrock-runtime.s3-us-west-2.amazonaws.com", "AWS_SESSION_TOKEN"), ("any/m", "https://bedrock-runtime.us-east-1.vpce.amazonaws.com", "AWS_SESSION_TOKEN"), ("any/m", "https://ec2-1-2-3-4.compute-1.amazonaws.com", "AWS_SESSION_TOKEN"),
    ("any/m", "https://x.lambda-url.us-east-1.on.aws", "AWS_SESSION_TOKEN"), ("any/m", "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example", "AWS_SESSION_TOKEN"), ("any/m", "https://x.us-east-1.aws.endpoints.huggingface.cloud", "HF_TOKEN"),
    ("any/m", "https://evil.hf.space", "HF_TOKEN"), ("any/m", "https://evilhuggingface.co", "HF_TOKEN"), ("any/m", "https://us-central1-p.cloudfunctions.net", "VERTEX_API_KEY"), ("any/m", "https://aiplatform.googleapis.com.evil.example", "VERTEX_API_KEY"),
    ("azure/m", "https://x.openai.azure.com.evil.example", "AZURE_API_KEY"), ("azure/m", "https://x.azurewebsites.net", "AZURE_API_KEY"), ("azure/m", "https://x.azure-api.net", "AZURE_API_KEY"), ("anthropic/m", "https://api.openai.com", None), ("openai/m", "https://api.anthropic.com", None),
    ("any/m", "https://evil.example", "MINE_KEY"), ("any/m", "https://api.openai.com", "MINE_KEY"),
)  # fmt: skip
REGIONS = (
    "evil.example/", "evil.example?", "evil.example#", "evil.example\\", "x@evil.example", "evil.example:443", "evil.example/#", "a.b", "..", "us-east-1.evil", "evil\u3002example", "us-east-1\n.evil", "", "-", "US-EAST-1", "${HOME}", "us-east-1%2f",
)  # fmt: skip


def attacks() -> list[Attack]:
    """Every address with a key, and every region in the environment."""
    found = [Attack(f"OpenAI's key: {url!a:.60}", partial(tried, "openai/m", url, None, "")) for url in OPENAI]
    found += [Attack(f"{key or name}: {url}", partial(tried, name, url, key, "")) for name, url, key in OTHERS]
    for name in ("bedrock/m", "vertex_ai/m"):
        found += [Attack(f"{name}: region {region!a}", partial(tried, name, None, None, region)) for region in REGIONS]
    return found


def tried(name: str, url: str | None, key_env: str | None, region: str, _: Path) -> str:
    """Where the key would go, or an empty text."""
    named = {"AWS_REGION": region, "VERTEXAI_LOCATION": region} if url is None else {}
    try:
        options = ModelOptions.model_validate({"name": name, "base_url": url, "api_key_env": key_env})
        target = resolve(options, {**KEYS, **named})
    except (DatagenError, ValidationError) as error:
        return "the key is shown" if "planted-key" in str(error) else ""
    except Exception as error:
        return f"unexpected {error!r}"
    return f"the key goes to {target.host}" if target.key else ""
