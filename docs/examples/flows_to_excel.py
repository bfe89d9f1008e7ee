"""Flows to Excel: what each class of investor net bought, in 억원, a sheet for each stock and one of sums."""

import polars as pl
from xlsxwriter import Workbook

import kiwoomdata as kd

kd.use("simulator")  # kd.use("real")

STOCKS = ["삼성전자", "SK하이닉스", "NAVER"]
START, END = "2024-10-02", "2024-12-30"
CLASSES = {
    "individual": "개인",
    "foreign": "외국인",
    "institution": "기관계",
    "financial_investment": "금융투자",
    "investment_trust": "투신",
    "pension": "연기금",
}
FILE = "flows.xlsx"

classes = [(pl.col(name) / 100_000_000).alias(korean) for name, korean in CLASSES.items()]
days = {}
for name in STOCKS:
    frame = kd.investor_breakdown(name, START, END, measure="value")
    days[name] = frame.select(pl.col("date").alias("일자"), *classes)
sums = pl.concat(
    frame.select(pl.lit(name).alias("종목"), pl.col(CLASSES.values()).sum()) for name, frame in days.items()
)

with Workbook(FILE) as book:
    for sheet, frame in {"합계": sums, **days}.items():
        frame.write_excel(book, sheet, dtype_formats={pl.Float64: "#,##0.0;[Blue]-#,##0.0"}, autofit=True)
print(f"{FILE}: {len(days) + 1} sheets, {sum(frame.height for frame in days.values())} days")
