"""The page that shows the widget on a web shop."""

from __future__ import annotations

from sanic import Blueprint, HTTPResponse, Request

from bot.web.access import site_url
from bot.web.content_policy import with_pictures
from bot.web.pages import render

blueprint = Blueprint("demo")


@blueprint.get("/demo")
async def demo(request: Request) -> HTTPResponse:
    return with_pictures(render(request, "demo.html", site_url=site_url(request)))
