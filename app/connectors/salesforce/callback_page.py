"""The page that the browser shows when it came back: no script, nothing loaded from elsewhere."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Concord</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid;
  place-items: center; background: #f6f7f9; color: #1c2530; }}
main {{ padding: 32px 40px; border-radius: 12px; background: #fff; max-width: 26em; }}
h1 {{ font-size: 20px; margin: 0 0 8px; }}
p {{ margin: 0; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #14181d; color: #e4e8ed; }}
  main {{ background: #1e242b; }}
}}
</style>
</head>
<body><main><h1>{words}</h1><p>You can close this window.</p></main></body>
</html>
"""


def page(words: str) -> bytes:
    """Return the page that says something of ours; never words of a stranger."""
    return _PAGE.format(words=words).encode()
