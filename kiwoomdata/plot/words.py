"""The words of the charts, in Korean and in English."""

from __future__ import annotations

__all__ = ["MARKETS", "WORDS"]

MARKETS = {"kospi": "KOSPI", "kosdaq": "KOSDAQ", "all": "KOSPI+KOSDAQ"}

WORDS: dict[str, tuple[str, str]] = {
    # units
    "KRW": ("원", "KRW"),
    "shares": ("주", "shares"),
    "points": ("포인트", "points"),
    "%": ("%", "%"),
    "unknown": ("단위 미상", "unit not stated"),
    # prices
    "price": ("가격", "Price"),
    "close": ("종가", "Close"),
    "volume": ("거래량", "Volume"),
    "gap": ("수신 공백: 빠진 체결 있음", "Gap: trades were not heard"),
    "minute_bars": ("분봉", "min bars"),
    "days": ("일봉", "daily bars"),
    "weeks": ("주봉", "weekly bars"),
    "months": ("월봉", "monthly bars"),
    "quarters": ("분기봉", "quarterly bars"),
    "years": ("연봉", "yearly bars"),
    # investors
    "individual": ("개인", "Individuals"),
    "institution": ("기관", "Institutions"),
    "foreign": ("외국인", "Foreigners"),
    "foreign_brokers": ("외국계", "Foreign brokers"),
    "program": ("프로그램", "Program"),
    "financial_investment": ("금융투자", "Securities"),
    "insurance": ("보험", "Insurance"),
    "investment_trust": ("투신", "Trusts"),
    "other_financial": ("기타금융", "Other fin."),
    "bank": ("은행", "Banks"),
    "pension": ("연기금", "Pension"),
    "private_fund": ("사모펀드", "Private"),
    "nation": ("국가", "State"),
    "other_corporation": ("기타법인", "Other corp."),
    "domestic_foreigner": ("내외국인", "Dom. foreigners"),
    "by_class": ("투자자별", "Investors:"),
    "in_all": ("기간 합계", "In all"),
    "sum_of": ("합계 ({count}종목)", "Total ({count} stocks)"),
    "net_buy": ("순매수", "Net buying"),
    "gross_buy": ("매수", "Buying"),
    "gross_sell": ("매도", "Selling"),
    "in_won": ("금액", "By value"),
    "in_shares": ("수량", "By shares"),
    "cumulative": ("누적 순매수", "Cum. net buying"),
    "by_stock": ("종목별 투자자", "Investors by stock:"),
    # rankings and sectors
    "change_pct": ("등락률", "Change"),
    "value": ("거래대금", "Value"),
    "ranking": ("{by} 순위", "{by}: ranking"),
    "sector_flows": ("업종별 등락과 순매수", "Sectors: moves and net buying"),
    "sector_moves": ("업종별 등락", "Sectors: moves"),
    # short selling, foreigners, ETFs
    "short_selling": ("공매도", "Short selling"),
    "short_volume": ("공매도량", "Shorted"),
    "short_average_price": ("공매도 평균가", "Average price of shorts"),
    "share_pct": ("공매도 비중", "Share of volume"),
    "held_by_foreigners": ("외국인 보유", "Held by foreigners"),
    "foreign_weight_pct": ("보유 비중", "Share of all"),
    "foreign_limit_used_pct": ("한도 소진율", "Limit used"),
    "change_in_shares": ("보유 변동", "Change"),
    "price_and_nav": ("가격과 NAV", "Price and NAV"),
    "nav": ("NAV", "NAV"),
    "nav_gap": ("괴리율", "Price / NAV − 1"),
    "nav_gap_now": ("마지막 괴리율 {gap}%", "Last gap {gap}%"),
    # program trading
    "program_net_buy": ("프로그램 순매수", "Program net"),
    "program_trading": ("프로그램매매", "Program trading"),
    "arbitrage": ("차익", "Arbitrage"),
    "non_arbitrage": ("비차익", "Non-arbitrage"),
    "total": ("전체", "Total"),
    "kospi200": ("KOSPI 200", "KOSPI 200"),
    "basis": ("베이시스", "Basis"),
    "by_day": ("일별", "by day"),
    "by_week": ("주별 합", "sums of weeks"),
    "by_month": ("월별 합", "sums of months"),
    "by_quarter": ("분기별 합", "sums of quarters"),
    "by_year": ("연도별 합", "sums of years"),
    # book
    "ask": ("매도잔량 합", "Asks in all"),
    "bid": ("매수잔량 합", "Bids in all"),
    "book": ("호가", "Order book"),
    "quantity": ("잔량", "Quantity"),
    "depth": ("누적 잔량", "Quantity from the best on"),
    "spread": ("스프레드", "Spread"),
    # strength
    "strength": ("체결강도", "Trade strength"),
    "cut": (
        "▲ 체결강도 {edge}%를 넘는 {count}개는 잘림 (최대 {most}%)",
        "▲ {count} above {edge}% cut off (up to {most}%)",
    ),
    "average": ("평균", "average"),
    "minute": ("분", "min"),
    "day": ("일", "d"),
    # live
    "waiting": ("데이터를 기다리는 중", "Waiting for data"),
    "ended": ("끝남", "ended"),
}
