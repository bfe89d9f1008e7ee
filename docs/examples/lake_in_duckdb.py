"""DuckDB over the lake: which stocks foreigners and pensions bought together, against what was traded."""

import duckdb

import kiwoomdata as kd

kd.use("simulator")  # kd.use("real")

SYMBOLS = kd.most_traded("kospi", by="value", top=5)  # or kd.stocks("kospi"): all

lake = kd.Lake("market")
lake.update(SYMBOLS, what=("stocks", "investor_breakdown"), start="2026-01-02")

QUERY = """
with days as (
    select symbol, "foreign" + pension as bought, volume, date,
           row_number() over (partition by symbol order by date desc) as ago
    from 'market/investor_breakdown/**/*.parquet'
), listed as (
    select symbol, arg_max(name, date) as name from 'market/stocks/**/*.parquet' group by symbol
)
select symbol, name, count(*) as days,
       round(100 * sum(bought) / sum(volume), 2) as bought_pct
from days join listed using (symbol)
where ago <= 20
group by symbol, name
order by bought_pct desc
"""
print(duckdb.sql(QUERY))
