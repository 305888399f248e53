from adapters.inbound.cli.client import Record
from adapters.inbound.cli.output import Output, say, show_json


def show_issued(issued: Record, noun: str, output: Output) -> None:
    """Something with the new secret that its messages are signed with; the secret alone goes to the output."""
    if output == "json":
        show_json(issued)
        return
    say(f"{issued[noun]['name']} is {issued[noun]['id']}")
    if issued["secret"] is not None:
        say("the secret that messages are signed with, shown this once:")
        print(issued["secret"])
