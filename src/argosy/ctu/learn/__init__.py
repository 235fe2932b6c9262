"""The loop that turns confirmed cases into better rules and models, by itself."""
