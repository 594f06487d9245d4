"""REST and a web page over a kept result; :func:`swayrank.service.app.create_app` makes the application."""
