"""The wallet on a phone without data: menus over USSD, in the shape that gateways speak."""
