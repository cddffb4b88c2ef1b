"""For whoever runs the program: health and metrics."""

from bot.web.operations.health import blueprint as health_blueprint
from bot.web.operations.metrics import blueprint as metrics_blueprint

__all__ = ["health_blueprint", "metrics_blueprint"]
