"""Models, sampling and limits of a recipe."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from datagen_cli.core import registry
from datagen_cli.core.options import Options, runtime
from datagen_cli.core.secret import KEY_NAME, PLACEHOLDER, Address, Secret, is_header_name

SamplingParam = Literal[
    "add_generation_prompt", "allowed_token_ids", "bad_words", "cache_prompt", "chat_template_kwargs",
    "continue_final_message", "dry_allowed_length", "dry_base", "dry_multiplier", "dry_penalty_last_n",
    "dynatemp_exponent", "dynatemp_range", "enable_thinking", "frequency_penalty", "ignore_eos", "include_reasoning",
    "include_stop_str_in_output", "length_penalty", "logit_bias", "max_completion_tokens", "max_tokens",
    "min_completion_tokens", "min_p", "min_tokens", "mirostat", "mirostat_eta", "mirostat_tau", "no_repeat_ngram_size",
    "num_ctx", "num_predict", "presence_penalty", "prompt_mode", "random_seed", "reasoning", "reasoning_effort",
    "reasoning_format", "repeat_last_n", "repeat_penalty", "repetition_penalty", "response_format", "safe_prompt",
    "samplers", "seed", "service_tier", "skip_special_tokens", "spaces_between_special_tokens", "stop",
    "stop_token_ids", "temperature", "tfs_z", "thinking", "thinking_budget", "top_a", "top_k", "top_n_sigma", "top_p",
    "typical_p", "verbosity", "xtc_probability", "xtc_threshold",
]  # fmt: skip
"""What `params` may say: how a reply is drawn. Nothing here moves a call, authenticates it, or names a file."""

ROLES = ("generator", "coder", "solver", "reviewer", "extractor", "judge")


OWN_OPTIONS = {
    "faults": "faults goes with the offline model",
    "device": "device and dtype go with local models",
    "dtype": "device and dtype go with local models",
    "threads": "threads, context and slots go with gguf models",
    "context": "threads, context and slots go with gguf models",
    "slots": "threads, context and slots go with gguf models",
}
"""Keys of a model mapping that go with one provider, which lists them in `own_options`; the others refuse them."""


class Faults(Options):
    """How often the offline model errs on purpose: shares from 0 to 1, the defaults on; `faults: none` for none."""

    wrong_label: float = Field(0.2, ge=0, le=1, description="texts whose label, or answer, is not theirs")
    wrong_program: float = Field(0.05, ge=0, le=1, description="programs of the coder that compute something else")
    wrong_verdict: float = Field(0.1, ge=0, le=1, description="verdicts of reviewer and judge that are the opposite")
    wrong_answer: float = Field(0.1, ge=0, le=1, description="answers of the solver that are wrong")
    malformed: float = Field(0.05, ge=0, le=1, description="replies that cannot be read")
    truncated: float = Field(0.02, ge=0, le=1, description="replies cut off at the token limit")
    duplicate: float = Field(0.1, ge=0, le=1, description="texts that repeat another one word for word")
    refusal: float = Field(0.02, ge=0, le=1, description="replies that decline")
    unsolvable: float = Field(0.05, ge=0, le=1, description="questions that lack what their answer needs")
    off_constraint: float = Field(0.1, ge=0, le=1, description="records that break a constraint")
    contradicted: float = Field(0.05, ge=0, le=1, description="texts with a claim that is false")
    near_copy: float = Field(0.05, ge=0, le=1, description="texts that nearly repeat a row of the examples")
    injected: float = Field(0.02, ge=0, le=1, description="texts with an instruction to whoever reads them")
    wrong_label_to: Literal["any", "next"] = Field(
        "any",
        description="next: a text about one value of a label gets the value after it, always the same one, which a"
        " student learns instead of averaging it out",
    )


class Price(Options):
    """Price of a model in USD per million tokens."""

    input_per_million: float = Field(ge=0, description="tokens of prompts")
    output_per_million: float = Field(ge=0, description="tokens of replies")
    cached_per_million: float | None = Field(None, ge=0, description="input that the endpoint has in its cache")


class ModelOptions(Options):
    """One model: its name and how it is reached. `offline`, `local/...` and litellm's names are all written alike."""

    alone: ClassVar[str] = "name"
    name: str = Field(
        min_length=1, description="offline, openai/gpt-4o-mini, ollama/llama3.1, gguf/FILE.gguf, local/FOLDER, ..."
    )
    known_as: str | None = Field(
        None, alias="identity", description="tells apart two models of one name, such as `default` on two servers"
    )
    base_url: Address | None = runtime(None, description="an OpenAI-compatible endpoint; /chat/completions is appended")
    api_key_env: str | None = runtime(
        None, description="environment variable that holds the key; ends in _KEY or _TOKEN"
    )
    temperature: float | None = Field(None, ge=0, le=2, description="0: always the likeliest token")
    top_p: float | None = Field(None, gt=0, le=1, description="only the likeliest tokens that together have this share")
    top_k: int | None = Field(None, ge=1, description="only so many of the likeliest tokens")
    max_tokens: int = Field(2048, ge=1, description="most tokens of a reply, always sent")
    device: str | None = runtime(None, description="local models only: cpu, cuda, cuda:1, mps")
    dtype: Literal["float32", "bfloat16", "float16"] | None = Field(None, description="local models only")
    threads: int | None = runtime(None, ge=1, description="gguf models only: cores that it computes on; all but one")
    context: int | None = Field(None, ge=256, description="gguf models only: tokens of a prompt and its reply; 4096")
    slots: int | None = runtime(None, ge=1, description="gguf models only: calls that it works on at once")
    timeout_s: float = runtime(60.0, gt=0, description="longest wait for one try of a call")
    deadline_s: float = runtime(300.0, gt=0, description="longest time for a call with all its tries")
    params: dict[SamplingParam, Any] = Field(
        default_factory=dict,
        description="more sampling parameters, such as min_p or stop, sent as they are in the request body; a model's"
        " address is base_url, its key api_key_env; null leaves a key out of the request, such as seed: null",
    )
    headers: dict[str, Secret] = runtime({}, description="sent with every request, never written; `${NAME}` expands")
    requests_per_minute: float | None = runtime(None, gt=0, description="no more calls than this are sent")
    tokens_per_minute: float | None = runtime(None, gt=0, description="no more tokens than this are sent and asked for")
    structured: Literal["auto", "json", "text", "off"] = Field(
        "auto",
        description="auto: one text field is asked for as plain text, all else by response_format; json: always by"
        " response_format; text, off: never send response_format",
    )
    system: Literal["auto", "merge", "off"] = Field(
        "auto",
        description="auto: a system message, or its text in the first user message where none is taken; merge: always"
        " there; off: not sent",
    )
    form: Literal["auto", "chat", "completion"] = Field(
        "auto",
        description="chat: a conversation is sent; completion: the same as one text that the model goes on with, for"
        " models that were not trained to chat; auto: chat, and of correlated groups what the model has",
    )
    price: Price | Literal["free"] | None = runtime(None, description="USD per million tokens, or free")
    faults: Faults | Literal["none"] | None = Field(None, description="offline only: how often it errs on purpose")

    @field_validator("api_key_env")
    @classmethod
    def _looks_like_a_key(cls, value: str | None) -> str | None:
        if value is not None and not KEY_NAME.fullmatch(value):
            raise ValueError("must be the name of an environment variable that ends in _KEY or _TOKEN")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, value: Address | None) -> Address | None:
        if value is not None and not re.match(r"https?://[^/\s]", value.place):
            raise ValueError("must start with http:// or https:// and name a host")
        return value

    @field_validator("headers")
    @classmethod
    def _are_whole(cls, value: dict[str, Secret]) -> dict[str, Secret]:
        if not all(map(is_header_name, value)):
            raise ValueError("the name of one is not valid for a header, or is a key; write NAME: VALUE")
        for name, secret in value.items():
            if PLACEHOLDER in secret.reveal():
                raise ValueError(f"the value of {name} was kept out of this file; give it again, best as ${{NAME}}")
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> ModelOptions:
        given = {name for name in OWN_OPTIONS if getattr(self, name)}
        if given and (foreign := sorted(given - set(self.provider.own_options))):
            raise ValueError(f"{OWN_OPTIONS[foreign[0]]} only")
        if self.form == "completion" and not self.provider.completes:
            raise ValueError("form: completion goes with a base_url, gguf models and local models only")
        return self

    @property
    def provider(self) -> Any:
        """The class that serves this model: a `ProviderFacts` of `llm/provider.py`."""
        return registry.claimant("providers", self.name.partition("/")[0], self)


class SharedModel(ModelOptions):
    """A generator of several, with its share of the records."""

    share: float = Field(1.0, gt=0, description="its part of the records, relative to the shares of the others")


class Correlated(Options):
    """Correlated sampling (CorrSynth, arXiv 2411.08553): sequences contrasted against their peers token by token."""

    variant: Literal["plain", "cfg", "cross", "intra", "hybrid"] = Field(
        description="plain: no contrast; cfg: against the other labels' prompts; cross, intra, hybrid: against rows of"
        " other labels, of the same label, of both"
    )
    contrast: float = Field(0.3, ge=0, description="weight of the peers, at most gamma")
    intra_share: float = Field(0.5, ge=0, le=1, description="hybrid: the part of the contrast within a label")
    guidance: float = Field(1.5, ge=0, description="cfg: weight of the row's own prompt; the others get 1 less")
    plausibility: float = Field(
        0.01, gt=0, le=1, description="tokens below this share of the row's own best token are cut"
    )
    per_label: int = Field(2, ge=1, description="rows of each label in a group")
    gamma: float = Field(1.0, gt=0, description="weight of a row's own log-probabilities")
    field: str = Field("text", min_length=1, description="the text field that is sampled; all others must be planned")

    @model_validator(mode="after")
    def _contrast_in_range(self) -> Correlated:
        if self.contrast > self.gamma:
            raise ValueError("contrast must not be above gamma")
        within = self.variant == "intra" or (self.variant == "hybrid" and self.intra_share == 1)
        if within and self.per_label < 2:
            raise ValueError(f"variant {self.variant} needs per_label of 2 or more: a row has no peer of its own label")
        return self


class Sampling(Options):
    """Sampling of the generator; wins over the model's own keys."""

    temperature: float | None = Field(None, ge=0, le=100, description="at most 2, above that with correlated only")
    top_p: float | None = Field(None, gt=0, le=1, description="only the likeliest tokens that together have this share")
    top_k: int | None = Field(None, ge=1, description="only so many of the likeliest tokens")
    correlated: Correlated | None = Field(None, description="groups written side by side; local generators only")


class Limits(Options):
    """What a run may use. None of it changes what is written, `attempts_per_record` apart."""

    concurrency: int = runtime(32, ge=1, le=100_000, description="calls in flight")
    max_cost: float | None = runtime(None, gt=0, description="USD, per run folder, across resumes")
    max_total_tokens: int | None = runtime(
        None, ge=1, description="of prompts and replies, per run folder, across resumes"
    )
    max_minutes: float | None = runtime(None, gt=0, description="the run stops after this; the same command goes on")
    attempts_per_record: int = Field(6, ge=1, le=99, description="after so many the record is left out, exit code 3")
    patience_s: float = runtime(300.0, gt=0, description="stop when nothing has succeeded for this long")
    hedge: bool = runtime(False, description="ask the slowest calls twice")
    check_call: bool = runtime(
        True, description="where calls cost money the first goes alone, as a check of the settings; its reply is kept"
    )
    batch: bool = runtime(False, description="use the provider's batch API")
