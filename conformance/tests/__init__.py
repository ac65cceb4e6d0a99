"""The suite judged: each check, rule and report is shown to go red when it must."""
