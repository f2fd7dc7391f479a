"""The reference: what a careful person writes in an hour. N items, C in flight, retries, one JSONL line a record.

python -m benchmarks.reference URL SEEDS_FILE COUNT CONCURRENCY OUT_FILE
"""

import asyncio
import json
import sys

import aiohttp

TRIES = 20
PROMPT = (
    'Write one new record for this dataset. Answer with one JSON object of the form {"records": [{"text": "..."}]}. '
)


async def ask(session, url, seed):
    """The record that answers one item, however often it takes to ask."""
    body = {"model": "bench", "messages": [{"role": "user", "content": PROMPT * 5}], "max_tokens": 512, "seed": seed}
    data = json.dumps(body).encode()
    for turn in range(TRIES):
        wait_s = min(0.25 * 2**turn, 8.0)
        try:
            async with session.post(url, data=data, headers={"Content-Type": "application/json"}) as response:
                if response.status == 200:
                    choice = json.loads(await response.read())["choices"][0]
                    if choice["finish_reason"] == "stop":
                        return json.loads(choice["message"]["content"])["records"][0]
                    wait_s = 0.0
                else:
                    wait_s = float(response.headers.get("Retry-After", wait_s))
                    await response.read()
        except (ValueError, LookupError):
            wait_s = 0.0
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(wait_s)
    raise RuntimeError(f"no answer after {TRIES} tries")


async def work(session, url, items, file):
    for number, seed in items:
        record = await ask(session, url, seed)
        file.write(json.dumps({"id": number, **record}) + "\n")
        file.flush()


async def main(url, seeds_file, count, concurrency, out):
    with open(seeds_file, encoding="utf-8") as file:
        items = iter(enumerate(json.load(file)[: int(count)]))
    connector = aiohttp.TCPConnector(limit=int(concurrency))
    with open(out, "a", encoding="utf-8") as file:
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
            await asyncio.gather(*[work(session, url, items, file) for _ in range(int(concurrency))])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
