"""Sign-in: one-time codes, sign-up, devices, sessions and the PIN. `signin.Signin` is the door."""
