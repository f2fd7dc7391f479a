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
        "language": "datagen_cli.constraints.language:Language",
        "balance": "datagen_cli.constraints.balance:Balance",
        "ask": "datagen_cli.validators.ask:Ask",
    },
    "validators": {
        "schema": "datagen_cli.validators.schema:Schema",
        "code": "datagen_cli.validators.code:Code",
        "solve": "datagen_cli.validators.solve:Solve",
        "search": "datagen_cli.validators.search:Search",
        "reflect": "datagen_cli.validators.reflect:Reflect",
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
    "providers": {
        "offline": "datagen_cli.offline.model:Offline",
        "gguf": "datagen_cli.llm.gguf.provider:Gguf",
        "local": "datagen_cli.llm.local.provider:Local",
        "openai": "datagen_cli.llm.openai_compatible:OpenAICompatible",
        "litellm": "datagen_cli.llm.litellm:LiteLLM",
    },
    "engines": {
        "local": "datagen_cli.pipeline.engines.local:LocalEngine",
    },
}
