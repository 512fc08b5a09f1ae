"""YAML as people write it, the same bytes for the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_executor_metrics.errors import missing_extra

if TYPE_CHECKING:
    import yaml


def made_by(artifact: str) -> str:
    """Return the comment at the top of a file that should not be edited."""
    return f"# Made by `otel-executor-metrics generate {artifact}`: make it anew, do not edit it.\n"


def yaml_text(data: Any, head: str) -> str:
    """Return ``data`` as YAML below ``head``: keys in their order, texts of several lines as such.

    Raises:
        MissingExtraError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise missing_extra(error, "files in YAML", "dashboards") from error

    class Dumper(yaml.SafeDumper):
        """As yaml.safe_dump, but for texts of several lines and lists in mappings."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    Dumper.add_representer(str, _text)
    return head + str(yaml.dump(data, Dumper=Dumper, sort_keys=False, width=100))


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
