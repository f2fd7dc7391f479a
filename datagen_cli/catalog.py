"""The table of contents: every name a recipe or the command line may use, and the class behind it.

Strings only, nothing is imported here. A new thing is one file on its shelf and one line in this table.
"""

CATALOG: dict[str, dict[str, str]] = {
    "sources": {
        "jsonl": "datagen_cli.sources.files:Jsonl",
        "json": "datagen_cli.sources.files:Json",
        "csv": "datagen_cli.sources.tables:Csv",
        "tsv": "datagen_cli.sources.tables:Tsv",
        "parquet": "datagen_cli.sources.parquet:Parquet",
        "hf": "datagen_cli.sources.hub:Hub",
    },
    "examples": {
        "random": "datagen_cli.examples.random:Random",
        "clusters": "datagen_cli.examples.clusters:Clusters",
    },
    "constraints": {
        "length": "datagen_cli.constraints.length:Length",
        "pattern": "datagen_cli.constraints.pattern:Pattern",
        "contains": "datagen_cli.constraints.contains:Contains",
        "excludes": "datagen_cli.constraints.excludes:Excludes",
        "choices": "datagen_cli.constraints.choices:Choices",
        "range": "datagen_cli.constraints.range:Range",
        "unique": "datagen_cli.constraints.unique:Unique",
        "compare": "datagen_cli.constraints.compare:Compare",
        "language": "datagen_cli.constraints.language:Language",
        "balance": "datagen_cli.constraints.balance:Balance",
        "private": "datagen_cli.constraints.private:Private",
        "ask": "datagen_cli.validators.ask:Ask",
    },
    "validators": {
        "schema": "datagen_cli.validators.schema:Schema",
        "code": "datagen_cli.validators.code:Code",
        "classifier": "datagen_cli.validators.classifier:ClassifierCheck",
        "tests": "datagen_cli.validators.tests:Tests",
        "solve": "datagen_cli.validators.solve:Solve",
        "search": "datagen_cli.validators.search:Search",
        "reflect": "datagen_cli.validators.reflect:Reflect",
    },
    "retrieval": {
        "wikipedia": "datagen_cli.retrieval.wikipedia:Wikipedia",
        "duckduckgo": "datagen_cli.retrieval.duckduckgo:DuckDuckGo",
        "corpus": "datagen_cli.retrieval.corpus:Corpus",
    },
    "metrics": {
        "self_bleu": "datagen_cli.metrics.self_bleu:SelfBleu",
        "remote_clique": "datagen_cli.metrics.remote_clique:RemoteClique",
        "aps": "datagen_cli.metrics.aps:Aps",
        "ingf": "datagen_cli.metrics.ingf:Ingf",
        "distinct_n": "datagen_cli.metrics.distinct_n:DistinctN",
        "vendi": "datagen_cli.metrics.vendi:Vendi",
        "compression_ratio": "datagen_cli.metrics.compression_ratio:CompressionRatio",
        "mauve": "datagen_cli.metrics.mauve:Mauve",
        "entity_entropy": "datagen_cli.metrics.entity_entropy:EntityEntropy",
        "near_duplicates": "datagen_cli.metrics.near_duplicates:NearDuplicates",
        "leakage": "datagen_cli.metrics.leakage:Leakage",
        "repetition": "datagen_cli.metrics.repetition:Repetition",
        "length": "datagen_cli.metrics.length:Length",
        "balance": "datagen_cli.metrics.balance:Balance",
        "verified": "datagen_cli.metrics.verified:Verified",
        "correctness": "datagen_cli.evaluation.correctness:Correctness",
        "entity_overlap": "datagen_cli.metrics.entity_overlap:EntityOverlap",
        "constraints": "datagen_cli.metrics.constraints:Constraints",
        "student": "datagen_cli.evaluation.student:Student",
        "safety": "datagen_cli.metrics.safety:Safety",
    },
    # a model whose name begins with none of these is offered to each in this order: the likeliest first
    "providers": {
        "openai": "datagen_cli.llm.openai_compatible:OpenAICompatible",
        "litellm": "datagen_cli.llm.litellm:LiteLLM",
        "offline": "datagen_cli.offline.model:Offline",
        "gguf": "datagen_cli.llm.gguf.provider:Gguf",
        "local": "datagen_cli.llm.local.provider:Local",
    },
    "formats": {
        "jsonl": "datagen_cli.export.jsonl:Jsonl",
        "alpaca": "datagen_cli.export.alpaca:Alpaca",
        "sharegpt": "datagen_cli.export.sharegpt:ShareGPT",
        "messages": "datagen_cli.export.messages:Messages",
        "prompt-completion": "datagen_cli.export.prompt_completion:PromptCompletion",
        "preference": "datagen_cli.export.preference:Preference",
        "csv": "datagen_cli.export.csv:Csv",
        "parquet": "datagen_cli.export.parquet:Parquet",
        "hf": "datagen_cli.export.hf:HuggingFace",
    },
    "engines": {
        "local": "datagen_cli.pipeline.engines.local:LocalEngine",
        "ray": "datagen_cli.pipeline.engines.ray:RayEngine",
    },
}

IN_THE_BOX: dict[str, str] = {
    "offline": "the simulation in the package: no network, no key, and mistakes on purpose",
    "gguf/smollm2": "a real model of 135 M parameters, run by llama.cpp in a child process; no key, no cost",
    "local/smollm2": "the same model, run by transformers in this process; for sampling.correlated",
}
"""Models that need no file: the last two come with the package of weights that `make setup` installs."""
