"""A town with thieves: months of trade in minutes, through the wallet's own doors, on a clock of its own.

Customers, merchants and agents live by their habits. Gangs take over accounts, test cards, run mules,
collude as merchants, abuse refunds and sign-up bonuses, and change when they are stopped: new devices,
smaller sums, waiting. Victims, banks and merchants find out later and say so; analysts decide cases. So
the loop of the brain can be seen to close.

It shows that the loop closes. It is no evidence of quality on its own: whoever writes the thieves knows the
guards.
"""
