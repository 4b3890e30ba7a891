"""Orders in languages other than English: override what was said, keep a secret, send out what is secret."""

from __future__ import annotations

import re

OVERRIDE = "sets aside what the agent was told"
SECRECY = "keeps something from the user"
DELIVER = "sends what the agent works on to somewhere else"
CONDUCT = "says how to answer"
SEND = "sends out what is secret"

_SECRETS = {
    "zh": r"(?:密钥|密码|令牌|凭证|凭据|环境变量|私钥|\.env|ssh|token|api ?key)",
    "es": r"(?:claves?|contraseñas?|credenciales|tokens?|\.env|secretos?)",
    "fr": r"(?:clés?|mots? de passe|identifiants|jetons?|tokens?|\.env|secrets?)",
    "de": r"(?:schlüssel\w*|passw[oö]rt\w*|zugangsdaten|tokens?|\.env|geheimnis\w*)",
    "pt": r"(?:chaves?|senhas?|credenciais|tokens?|\.env|segredos?)",
    "ru": r"(?:ключ\w*|парол\w*|токен\w*|секрет\w*|\.env)",
}

#: kind, what it does, pattern. Written from the imperative forms that each language has for the same three orders.
_TABLE: tuple[tuple[str, str, str], ...] = (
    # Chinese, Japanese, Korean: no spaces between words, so no word boundaries
    ("override", OVERRIDE,
     r"(?:忽略|无视|忽视|忘记|忘掉|不要理会|不要遵守)[^。\n]{0,12}(?:指令|指示|规则|提示|说明|设定|限制)"),
    ("secrecy", SECRECY,
     r"(?:不要|别|不得|切勿|无需|请勿|不能)[^。\n]{0,6}(?:告诉|告知|通知|透露|提及|显示|让)[^。\n]{0,6}"
     r"(?:用户|任何人|他人|使用者|客户)"),
    ("secrecy", SECRECY, r"(?:不要|别|勿|请勿)(?:提及|提到|说出|透露|泄露|声张)"),
    ("deliver", DELIVER, r"(?:上传|发送|提交|传)(?:到|至|给)\s*(?:https?://|\S{1,40}@)"),
    ("conduct", CONDUCT, r"在?(?:回答|回复|响应)(?:用户)?(?:之前|前)[^。\n]{0,20}(?:运行|执行|读取|调用|发送)"),
    ("secrecy", SECRECY, r"(?:瞒着|不让)(?:用户|使用者)"),
    ("send", SEND, rf"(?:发送|上传|提交|转发|传输|发到)[^。\n]{{0,12}}{_SECRETS['zh']}"),
    ("send", SEND, rf"{_SECRETS['zh']}[^。\n]{{0,12}}(?:发送|上传|提交|转发|传输|发)(?:到|给|至)"),
    ("override", OVERRIDE,
     r"(?:以前|これまで|上記|前|すべて|他)の?[^。\n]{0,8}(?:指示|命令|ルール)[^。\n]{0,6}(?:無視|忘れ)"),
    ("secrecy", SECRECY,
     r"ユーザーに?は?[^。\n]{0,12}(?:言わない|伝えない|知らせない|教えない|見せない|知らせず|伝えず)"),
    ("override", OVERRIDE, r"(?:이전|위|모든|앞)[^.\n]{0,8}(?:지시|명령|지침|규칙)[^.\n]{0,6}(?:무시|잊)"),
    ("secrecy", SECRECY, r"사용자에게[^.\n]{0,12}(?:말하지|알리지|보여주지|공개하지)"),
    # Spanish, French, German, Portuguese, Italian, Russian
    ("override", OVERRIDE,
     r"\b(?:ignor[ae]|olvid[ae]|descart[ae])\w{0,3}\b[^.\n]{0,20}\b(?:todas|anteriores|previas|tus)\b[^.\n]{0,20}"
     r"\b(?:instrucciones|reglas|indicaciones)|\b(?:ignor[ae]|olvid[ae])\w{0,3}\b[^.\n]{0,20}\binstrucciones\b"),
    ("secrecy", SECRECY,
     r"\b(?:no|nunca|sin)\s+(?:se lo |le )?(?:dig|dec|mencion|inform|revel|muestr|avis)\w*[^.\n]{0,40}\busuari[oa]"),
    ("send", SEND, rf"\b(?:env[ií][ae]|sub[ae]|mand[ae]|reenv[ií][ae])\b[^.\n]{{0,60}}\b{_SECRETS['es']}"),
    ("override", OVERRIDE,
     r"\b(?:ignore[zr]?|oublie[zr]?|ne (?:tiens|tenez) pas compte)\b[^.\n]{0,30}\b(?:instructions|consignes|règles)\s+"
     r"(?:précédentes|antérieures|ci-dessus|du système)"
     r"|\b(?:ignore|oublie)[zr]?\s+(?:toutes?\s+)?(?:tes|vos|les)\s+consignes"),
    ("secrecy", SECRECY,
     r"\b(?:ne|n'|sans)\s*(?:le\s+|en\s+)?(?:dis|dites|dire|mentionn|inform|révèl|montr|prév[ie])\w*"
     r"[^.\n]{0,40}\butilisat"),
    ("send", SEND, rf"\b(?:envo[iy]e\w*|transmet\w*|téléverse\w*)\b[^.\n]{{0,60}}\b{_SECRETS['fr']}"),
    ("override", OVERRIDE,
     r"\b(?:ignorier|missacht|vergiss|vergesst)\w*\b[^.\n]{0,30}\b(?:anweisung|regel|vorgabe|instruktion)\w*"),
    ("secrecy", SECRECY,
     r"\b(?:sag|erzähl|verrat|zeig|informier|teil|erwähn|meld)\w*\b[^.\n]{0,50}\b(?:be)?nutzer\w*\b[^.\n]{0,30}"
     r"\b(?:nicht|nichts|nie|niemals)\b|\bohne\s+(?:dass\s+)?(?:es\s+)?(?:de[nrm]|die)\s+(?:be)?nutzer\w*\b"),
    ("send", SEND, rf"\b(?:sende[nt]?|schick\w*|übermitt\w+|übertrag\w*)\b[^.\n]{{0,60}}\b{_SECRETS['de']}"),
    ("secrecy", SECRECY,
     r"\berwähn\w*\s+(?:es|das|dies\w*)\s+(?:\w+\s+)?(?:nicht|nie)|\bohne (?:es|das) zu erwähnen"),
    ("secrecy", SECRECY, r"\bno\s+(?:lo|la|los)\s+(?:mencion|dig|revel)\w+|\bsin mencionar"),
    ("secrecy", SECRECY, r"\bsans\s+(?:le\s+|la\s+|en\s+|l')(?:mentionner|dire|signaler)"),
    ("secrecy", SECRECY, r"\bне\s+(?:упоминай|говори|сообщай)\w*\s+(?:об этом|про это|это)"),
    ("conduct", CONDUCT,
     r"\bvor jede[rm] (?:antwort|ausgabe)\b|\bantes de (?:responder"
     r"|contestar)\b[^.\n]{0,40}\b(?:ejecut|le[ae]|env[ií]|llam)"
     r"|\bavant de répondre\b[^.\n]{0,40}\b(?:exécut|lis|envo|appel)|\bперед (?:каждым )?ответом\b[^.\n]{0,40}\b(?:выполн"
     r"|запуст|прочит|отправ)"),
    ("override", OVERRIDE, r"\b(?:ignore|esqueça|desconsidere)\b[^.\n]{0,30}\b(?:instruções|regras)\b"),
    ("secrecy", SECRECY, r"\b(?:não|nunca|sem)\s+(?:con|dig|diz|inform|mencion|revel|mostr|avis)\w*[^.\n]{0,40}\busuári"),
    ("send", SEND, rf"\b(?:envie|mande|encaminhe)\b[^.\n]{{0,60}}\b{_SECRETS['pt']}"),
    ("override", OVERRIDE, r"\b(?:ignora|dimentica)\b[^.\n]{0,30}\b(?:istruzioni|regole)\b"),
    ("secrecy", SECRECY, r"\b(?:non|senza)\s+(?:dir|dic|menzion|inform|rivel|mostr|avvis)\w*[^.\n]{0,40}\butent[ei]\b"),
    ("override", OVERRIDE,
     r"\b(?:игнорируй|забудь|не обращай(?:те)? внимания)\w*\b[^.\n]{0,30}\b(?:инструкци|указани|правил|команд)"),
    ("secrecy", SECRECY,
     r"\b(?:не|без)\s+(?:говор|сообща|рассказыва|упомина|показыва|уведомля)\w*[^.\n]{0,40}\bпользовател"),
    ("send", SEND, rf"\b(?:отправ|перешл|загруз|пошл)\w*\b[^.\n]{{0,60}}\b{_SECRETS['ru']}"),
)  # fmt: skip

PATTERNS = tuple((kind, why, re.compile(pattern, re.IGNORECASE)) for kind, why, pattern in _TABLE)
