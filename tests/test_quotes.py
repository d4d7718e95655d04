"""A price as people say it: read, and held against what others ask."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from whichgpu import prices
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.prices.judge import VERDICTS, judge, read_quote

GPUS = catalogue()


@pytest.mark.parametrize(
    ("text", "usd", "gpu", "term"),
    [
        ("2.10 USD/h for 1x H100 SXM", 2.10, "h100-80gb-sxm", "on-demand"),
        ("$16.8 per hour for 8x H100 SXM", 2.10, "h100-80gb-sxm", "on-demand"),
        ("2.10 USD/h per GPU for 8x H100 SXM", 2.10, "h100-80gb-sxm", "on-demand"),
        ("1,461 USD/month for 2 x L40S, reserved", 1.0, "l40s", "reserved"),
        ("0.005 USD/min for a10 spot", 0.3, "a10", "spot"),
        ("$1.10/hr for an A100 40GB SXM", 1.10, "a100-40gb-sxm", "on-demand"),
        ("30k USD/month for 8x H100 SXM", 30000 / 730.5 / 8, "h100-80gb-sxm", "on-demand"),
        ("2 USD per GPU per hour for 8x H100 SXM", 2.0, "h100-80gb-sxm", "on-demand"),
        ("2 USD/GPU-hour for 8x H100 SXM", 2.0, "h100-80gb-sxm", "on-demand"),
        ("0.40 $/h: rtx 4090 marketplace", 0.40, "rtx-4090", "marketplace"),
        ("8x H100 SXM at 25 dollars an hour", 25 / 8, "h100-80gb-sxm", "on-demand"),
        ("4090 at 0.20/h spot", 0.20, "rtx-4090", "spot"),
        ("RTX 5090 0.60$/hr x2", 0.30, "rtx-5090", "on-demand"),
        ("RTX 4090s, 4 of them, $1.40/hr total", 0.35, "rtx-4090", "on-demand"),
        ("0.035 cents per second for A10G", 0.00035 * 3600, "a10g", "on-demand"),
        ("MI300X 1.5 USD per GPU-hour, 3 year commitment", 1.5, "mi300x", "reserved"),
        ("two A100 40GB SXM for 3 dollars per hour reserved for one year", 1.5, "a100-40gb-sxm", "reserved"),
        ("sixteen H100 SXM for 32 dollars per hour", 2.0, "h100-80gb-sxm", "on-demand"),
        ("L4 on Google Cloud Platform at 0.70/h", 0.70, "l4", "on-demand"),
        ("vast.ai 4090 0.3/h", 0.3, "rtx-4090", "on-demand"),
        ("cr8dl asks 0.75/h for an A10", 0.75, "a10", "on-demand"),
        ("USD 2.49/GPU-hr for HGX H100 SXM5 x8, 3 months", 2.49, "h100-80gb-sxm", "on-demand"),
        ("1200 USD for 3 days of 8x H100 SXM", 1200 / 72 / 8, "h100-80gb-sxm", "on-demand"),
        ("Lambda asks $3.29 per GPU per hour for 8 H100 SXM", 3.29, "h100-80gb-sxm", "on-demand"),
        ("is 0.79 dollars per hour good for an L40S?", 0.79, "l40s", "on-demand"),
        ("3-year reserved: 8 x B200 at $250,000 per year", 250000 / 8766 / 8, "b200-180gb-sxm", "reserved"),
        ("p5.48xlarge at $55.04 per hour", 55.04 / 8, "h100-80gb-sxm", "on-demand"),
        ("$1.99 hourly MI300X", 1.99, "mi300x", "on-demand"),
        ("$0.44/hr for 1 x RTX A6000 (on-demand, secure cloud), please", 0.44, "rtx-a6000", "on-demand"),
        ("H100 SXM5 80GB HBM3: $1.5M for 5 years of 8", 1.5e6 / 5 / 8766 / 8, "h100-80gb-sxm", "on-demand"),
        ("H100 SXM $16/h for 8", 2.0, "h100-80gb-sxm", "on-demand"),
        ("$3 per H100 SXM per hour for a reserved 8-GPU node", 3.0, "h100-80gb-sxm", "reserved"),
        ("RTX PRO 6000 Blackwell Server Edition 1.89/hr", 1.89, "rtx-pro-6000-blackwell-server", "on-demand"),
        ("8x H100 SXM server at $24/h", 3.0, "h100-80gb-sxm", "on-demand"),
        ("4x L4 g2-standard-48 $4.00 per hour", 1.0, "l4", "on-demand"),
        ("azure NC24ads A100 v4 3.67/h", 3.67, "a100-80gb-pcie", "on-demand"),
        ("gpu_8x_h100_sxm5 at $24/h", 3.0, "h100-80gb-sxm", "on-demand"),
        ("half an A100 80GB PCIe for 50 cents per hour", 1.0, "a100-80gb-pcie", "on-demand"),
        ("1/4 of an A10 for 0.30 USD/h", 1.2, "a10", "on-demand"),
        ("10,000 GPU-hours of H100 SXM for $20,000", 2.0, "h100-80gb-sxm", "on-demand"),
        ("12 cents per GPU minute, A100 80GB SXM", 7.2, "a100-80gb-sxm", "on-demand"),
        ("500 hours on 8x L40S for 3000 USD", 0.75, "l40s", "on-demand"),
        ("H100 SXM5, $2.49 /hr, minimum 64 GPUs", 2.49, "h100-80gb-sxm", "on-demand"),
        ("we're offered eight H100 SXMs at 16.8 an hour all in", 2.10, "h100-80gb-sxm", "on-demand"),
        ("1,99 USD/h for H100 SXM", 1.99, "h100-80gb-sxm", "on-demand"),
        ("4 x L40S, 48 vCPU, 384 GB RAM, 1.9 TB NVMe, $3.96/h", 0.99, "l40s", "on-demand"),
        ("8 L40S at 0.99 USD per L40S-hour", 0.99, "l40s", "on-demand"),
        ("TPU v5e 1.2 USD/chip-hour", 1.2, "tpu-v5e", "on-demand"),
        ("1.461,00 USD/month for 2 x L40S", 1.0, "l40s", "on-demand"),
        ("L40S 24/7 for 730.5 dollars a month", 1.0, "l40s", "on-demand"),
        ("MI300X for a dollar ninety-nine an hour", 1.99, "mi300x", "on-demand"),
        ("L4 at two dollars and 50 cents an hour", 2.5, "l4", "on-demand"),
        ("three dollars twelve an hour for an L40S", 3.12, "l40s", "on-demand"),
        ("two dollars an hour for eight L4", 0.25, "l4", "on-demand"),
        ("we pay $2,922 monthly for 4x L40S", 1.0, "l40s", "on-demand"),
        ("1 month of RTX 6000 Ada: 730.5 USD", 1.0, "rtx-6000-ada", "on-demand"),
        ("half a dozen L4 for 3 bucks an hour", 0.5, "l4", "on-demand"),
        ("a GB200 NVL72 rack at 216 USD/h", 3.0, "gb200-192gb", "on-demand"),
        ("GB200 NVL72, 3 USD per GPU per hour", 3.0, "gb200-192gb", "on-demand"),
    ],
)
def test_quotes_are_read(text: str, usd: float, gpu: str, term: str) -> None:
    quote = read_quote(text, GPUS)
    assert quote.usd_per_gpu_hour == pytest.approx(usd)
    assert (quote.gpu, quote.term) == (gpu, term)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cheap H100", "no price per time"),
        ("2 USD/parsec for a10", "no price per time"),
        ("umpteen dollars for 4 L40S a day", "no price per time"),
        ("-2 USD/h for a10", "not above zero"),
        ("0 USD/h for a10", "not above zero"),
        ("2.1.0 USD/h for a10", "no amount of money"),
        ("2 USD/h for H100", "say which"),
        ("2 USD/h", "names no GPU"),
        ("0 H100 SXM for 2 USD/h", "0 GPUs cannot be"),
        ("$2/h or 1300 USD/month for H100 SXM", "two prices"),
        ("p5.48xlarge for 98.32 USD", "no price per time"),
        (".10/h for an A10", "in double quotes the shell takes"),
        ("T4 free for 12 hours", 'write e.g. "2.10 USD/h for 1x H100 SXM"'),
        ("RTX 4090 for 2 USD", "no price per time"),
        ("2 USD/h for Voodoo 3", "no GPU"),
        ("2 USD/h for RTX 4090 Ti", "no GPU"),
        ("1e9 USD/h for L4", "absurd"),
        ("1/0 L4 for 1 USD/h", "0 GPUs cannot be"),
        ("2 USD/h for RTX 4090 or RTX 3090", "no GPU"),
        ("H100 SXM at 2.10", 'write e.g. "2.1 USD/h for 1x h100-80gb-sxm"'),
    ],
)
def test_quotes_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_quote(text, GPUS)


@pytest.mark.parametrize(
    ("text", "usd", "verdict"),
    [
        ("someone sells me an RTX 4090 for 1600 dollars", 1600, "usual"),
        ("2 used RTX 3090 for $1400", 700, "low"),
        ("RTX 5090, 500 USD, new", 500, "too low to believe"),
        ("RTX 5090 for 9k USD", 9000, "higher than all"),
        ("RTX 3090 used, at 650 each", 650, "low"),
        ("RTX A5000 used, at 900 USD each", 900, "low"),
    ],
)
def test_a_price_without_a_time_is_one_to_buy(text: str, usd: float, verdict: str, whichgpu: Any) -> None:
    found = judge(read_quote(text, GPUS), date(2026, 11, 20), prices.bundled())
    assert (found.quote.term, found.quote.usd_to_buy, found.verdict) == ("buy", usd, verdict)
    assert found.break_even_hours == pytest.approx(usd / (found.offers[0].usd_per_gpu_hour - found.run))
    told = whichgpu("prices", "judge", text)
    assert f"{usd:,.2f} USD to buy" in told.out
    assert "prices own" in told.out
    # Of the others there is what shops ask now.
    assert ("of years ago" in told.out) == ("A5000" in text)


def test_a_quote_of_an_open_variant_says_what_it_would_be_for_each(whichgpu: Any) -> None:
    told = whichgpu("prices", "judge", "3.40 USD/h for A100 80GB")
    assert told.status == 2
    assert "a100-80gb-sxm (usual), a100-80gb-pcie (high); say which" in told.err


def test_a_quote_of_an_open_variant_is_judged_where_it_is_the_same_for_each(whichgpu: Any) -> None:
    told = whichgpu("prices", "judge", "1.29 USD/h for A100 80GB", "--json").json
    each = [
        whichgpu("prices", "judge", f"1.29 USD/h for {gpu}", "--json").json
        for gpu in ("A100 80GB SXM", "A100 80GB PCIe")
    ]
    assert {one["verdict"] for one in each} == {told["verdict"]} == {"low"}
    assert (told["quote"]["gpu"], told["alike"]) == ("a100-80gb-sxm", ["a100-80gb-pcie"])
    # Of other forms too few prices are on file to say what is usual.
    alone = whichgpu("prices", "judge", "2.50 USD/h for H200", "--json").json
    assert (alone["verdict"], alone["quote"]["gpu"], alone["alike"]) == ("low", "h200-141gb-sxm", [])


def test_a_quote_of_an_open_variant_is_of_the_one_that_has_prices(whichgpu: Any) -> None:
    said, exact = (
        whichgpu("prices", "judge", f"3.50 USD/h for {name}", "--json").json for name in ("H200", "H200 SXM")
    )
    assert said.pop("quote")["gpu"] == exact.pop("quote")["gpu"] == "h200-141gb-sxm"
    assert said == {**exact, "unpriced": ["h200-141gb-nvl"]}
    assert "h200-141gb-nvl" in whichgpu("prices", "judge", "3.50 USD/h for H200").out


def test_a_judgement_follows_the_offers() -> None:
    """The verdict rises with the price, through every step of the scale."""
    seen = []
    for usd in (0.05, 2.0, 3.5, 6.0, 60.0):
        found = judge(read_quote(f"{usd} USD/h for H100 SXM", GPUS), date(2026, 11, 20), prices.bundled())
        seen.append(found.verdict)
        assert 0 <= found.cheaper <= 1
    assert seen == list(VERDICTS[:5])
    plain, year, three = (
        judge(read_quote(f"2.10 USD/h for H100 SXM{terms}", GPUS), date(2026, 11, 20), prices.bundled())
        for terms in ("", ", committed 1 year", ", 3 years committed")
    )
    assert plain.discount == 0
    assert (year.discount, three.discount) == (0.37, 0.57)
    assert year.median == pytest.approx(plain.median * 0.63)
    assert plain.cheaper < year.cheaper < three.cheaper, "the longer the commitment, the less it should cost"
    assert judge(read_quote("1 USD/h for tpu-v4", GPUS), date(2026, 11, 20), ()).verdict == "unknown"


@pytest.mark.parametrize(
    ("text", "gpu", "usd"),
    [
        ("RTX A6000 second hand 2.5k", "rtx-a6000", 2500), ("2nd hand rtx 3090 650", "rtx-3090", 650),
        ("hourly 3.2 for a H200 SXM", "h200-141gb-sxm", 3.2), ("monthly 900 for L40S", "l40s", 900 / 730.5),
        ("L40S 900 pm", "l40s", 900 / 730.5), ("$2.99 hr H100 SXM5", "h100-80gb-sxm", 2.99),
        ("two L4 for a dollar an hour", "l4", 0.5), ("half a dollar an hour for L4", "l4", 0.5),
        ("a hundred dollars a day for 4 L40S", "l40s", 100 / 96),
        ("fifty cents an hour for an L4", "l4", 0.5),
        ("two hundred and fifty dollars a month for an L4", "l4", 250 / 730.5),
        ("three grand a month for one H100 SXM", "h100-80gb-sxm", 3000 / 730.5),
        ("L40S 24 hours for 20 bucks", "l40s", 20 / 24),
        ("H100 PCIe 2000 USD a month, 6 months", "h100-80gb-pcie", 2000 / 730.5),
        ("twenty-five thousand dollars for an H100 SXM", "h100-80gb-sxm", 25000),
        ("L4 0.80 per gpu per hour on demand", "l4", 0.8), ("$0.80 per GPU-hour, 4 L4", "l4", 0.8),
    ],
)  # fmt: skip
def test_a_quote_said_in_short_or_the_other_way_round(text: str, gpu: str, usd: float) -> None:
    found = read_quote(text, GPUS)
    assert found.gpu == gpu
    assert (found.usd_to_buy or found.usd_per_gpu_hour) == pytest.approx(usd)


def test_the_number_of_a_card_is_no_price_of_it() -> None:
    with pytest.raises(UsageError, match="no price per time"):
        read_quote("used RTX 3090", GPUS)


@pytest.mark.parametrize(
    ("text", "gpu", "usd"),
    [
        ("DGX B200 for 515,000 dollars", "b200-180gb-sxm", 515_000 / 8),
        ("DGX H100 for 300k USD", "h100-80gb-sxm", 300_000 / 8),
        ("two DGX A100 80GB, used, 150k USD", "a100-80gb-sxm", 150_000 / 16),
        ("8x H200 HGX 280,000 USD", "h200-141gb-sxm", 280_000 / 8),
        ("DGX A100 640GB refurbished, 95k USD", "a100-80gb-sxm", 95_000 / 8),
    ],
)
def test_a_server_to_buy_is_as_many_gpus_as_it_has(text: str, gpu: str, usd: float) -> None:
    found = read_quote(text, GPUS)
    assert (found.gpu, found.usd_to_buy) == (gpu, pytest.approx(usd))


def test_a_hundred_gpus_are_counted() -> None:
    assert read_quote("100 H100 SXM for 200 USD per hour", GPUS).usd_per_gpu_hour == pytest.approx(2.0)
    assert read_quote("GTX 970 for 80 USD to buy", GPUS).usd_to_buy == 80.0


def test_a_quote_in_another_currency_counts_at_its_rate() -> None:
    assert read_quote("L40S at €1.10 per hour at 1.08", GPUS).usd_per_gpu_hour == pytest.approx(1.188)
    with pytest.raises(UsageError, match=r'e\.g\. "L40S at €1\.10 per hour at 1\.08"'):
        read_quote("L40S at €1.10 per hour", GPUS)


def test_a_quote_below_zero_is_no_option(whichgpu: Any) -> None:
    told = whichgpu("prices", "judge", "-3 USD/h for an L4")
    assert (told.status, "-3 USD is not above zero" in told.err) == (2, True)
