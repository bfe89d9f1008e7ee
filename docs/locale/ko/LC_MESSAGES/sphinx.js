/* What the search says. Sphinx's own Korean leaves the line empty that tells how many pages were found. */
Documentation.addTranslations({
    "locale": "ko",
    "messages": {
        ", in ": ", 문서: ",
        "Hide Search Matches": "검색어 표시 숨기기",
        "Preparing search...": "검색 준비 중…",
        "Search Results": "검색 결과",
        "Search finished, found one page matching the search query.": ["${resultCount}쪽을 찾았습니다."],
        "Searching": "검색 중",
        "Your search did not match any documents. Please make sure that all words are spelled correctly and that you've selected enough categories.": "찾은 쪽이 없습니다. 철자를 확인하거나 다른 말로 찾아보세요."
    },
    "plural_expr": "0"
});
