"""Settings of word problems, part one: things one owns, money and shopping.

A scene is a text of sections. A line is `formulas | sentence`, for the last sections `formulas | sentence => question`.
Formulas work on `v`, the quantity of the story, from left to right; all but the last go to `x`. Slots are explained in
`wording.py`; `{N}` is the name, `{s}` he or she, `{h}` his or her, `{o}` the things, `{o1}` one of them, `{b}` what
holds them, `{w}` somebody else, `{g}` goods, `{l}` something large.
"""

from __future__ import annotations

COLLECTION = """
topics: hobby hobbies collecting collection toys games play leisure school children fun art gifts birthday
things: marble, sticker, stamp, trading card, seashell, toy car, postcard, comic book, old coin, button, glass bead,
 badge, key ring, figurine, bottle cap, jigsaw puzzle, bookmark, fridge magnet, model plane, dinosaur toy, crayon
holders: bag, box, jar, tin, packet, drawer
size: 12 240
start:
n | {N} has {n} {o}.
n | {N} owns a collection of {n} {o}.
n | There are {n} {o} in the collection that {N} keeps at home.
n | {N} starts the year with {n} {o}.
n * m | {N} keeps {h} {o} in {n} {b} of {m} each.
n * m | {N} has {n} {b} with {m} {o} in each.
n * m, x + k | {N} has {n} {b} of {m} {o} each and {k} loose ones.
steps:
v + n | {S} buys {n} more {o}.
v + n | {S} finds {n} {o} in an old drawer.
v + n | {S} gets {n} {o} from {w}.
v + n | {S} wins {n} {o} in a raffle.
v + n | {S} adds {n} {o} that had been lying under the bed.
n * m, v + x | {S} buys {n} {b} of {m} {o} each.
n * m, v + x | {S} gets {n} {b} with {m} {o} in each as a present.
v - n | {S} gives {n} of them to {w}.
v - n | {S} loses {n} {o} on the way home.
v - n | {S} trades {n} {o} for a poster.
v - n | {S} notices that {n} of the {o} are broken and throws them away.
n * m, v - x | {S} gives {n} {o} to each of {m} friends.
v * t | By the end of the month {s} has {t} times as many {o} as before.
v * 2 | {S} works hard at the hobby and doubles the collection.
v * a / b, v - x | {S} gives {f} of the {o} to {w}.
v * a / b, v - x | {S} swaps {f} of the {o} for a single rare piece.
v * c / 100, v - x | {S} donates {c}% of the {o} to a kindergarten.
ask:
How many {o} does {s} have now?
How many {o} does {N} have in the end?
How many {o} are in the collection now?
How many {o} does that leave {N} with?
end:
v / k | {S} shares all of the {o} equally among {k} friends. => How many {o} does each friend get?
v / k | {S} sorts the {o} into {b} of {k}. => How many {b} does {s} need?
n - v | {S} would like to have {n} {o} altogether. => How many {o} are still missing?
money:
v * p | {S} sells all of the {o} for {p} each.
v * p | {S} finds a buyer who pays {p} for every one of the {o}.
noise:
- | The oldest of the {o} is {k} years old.
- | {S} started the hobby {k} years ago.
"""

SAVINGS = """
topics: money savings saving bank budget finance pocket allowance economics personal
things: coin
holders: jar
size: 20 400
unit: money
start:
p | {N} has {p} in a piggy bank.
p | {N} has saved {p} so far.
p | {N} gets {p} for {h} birthday.
n * p | {N} saves {p} a week for {n} weeks.
n * p | {N} earns {p} an hour and works for {n} hours.
n * p | {N} mows {n} lawns and is paid {p} for each.
n * p | {N} walks the neighbors' dogs {n} times and gets {p} each time.
n * m, x * p | {N} works {n} days a week for {m} weeks and earns {p} a day.
steps: money
ask: money
end: money
noise:
- | {S} opened the account {k} years ago.
- | The nearest bank is {k} kilometers away.
"""

SHOPPING = """
topics: shopping shop store market groceries food retail clothes price prices stationery consumer
things: notebook, pen, mug, scarf, candle, pair of socks, lamp, poster, melon, loaf of bread, jar of honey, T-shirt,
 cushion, plant, puzzle, toothbrush, water bottle, umbrella, bar of soap, bag of rice, box of tea, calendar, basket
holders: bag
size: 2 60
unit: money
start:
n * p | {N} takes {n} {o} at {p} each to the checkout.
n * p | {N} goes shopping and puts {n} {o} that cost {p} each into the cart.
n * p | At the market, {N} picks out {n} {o} for {p} apiece.
p | {N} orders a {l} for {p} online.
p | {N} finds a {l} with a price tag of {p}.
steps:
n * p, v + x | {S} also takes {n} {g} at {p} each.
n * p, v + x | {S} adds {n} {g} that cost {p} each.
v + p | {S} adds a gift card for {p}.
v + p | Delivery costs another {p}.
v - p | A coupon takes {p} off the total.
v * c / 100, v - x | The shop gives a discount of {c}% on everything.
v * c / 100, v - x | A membership card lowers the bill by {c}%.
v * c / 100, v + x | A tax of {c}% is added to the bill.
v * a / b, v - x | {S} has a voucher that pays for {f} of the bill.
v * 2 | {S} decides to take the same again for a friend, which doubles the bill.
ask:
How much does {s} pay in the end?
What does {N} have to pay?
How much does the whole purchase cost?
What is the final bill?
end:
p - v | {S} pays with {p}. => How much change does {s} get back?
v / k | {S} splits the bill equally among {k} people. => How much does each person pay?
noise:
- | {S} spends {k} minutes in the queue.
- | There are {k} other customers in the shop.
"""

MONEY = """
steps:
v - p | {S} spends {p} of it on a {gift}.
v - p | {S} pays back {p} that {s} had borrowed from {w}.
v - p | {S} pays {p} for a repair at home.
v + p | {S} gets {p} more from {w}.
v + p | {S} earns another {p} by washing a car.
n * p, v - x | {S} uses some of the money to buy {n} {g} at {p} each.
n * p, v - x | {S} treats friends to {n} {g} that cost {p} each.
n * p, v + x | {S} is paid {p} a day for helping out {n} days.
v * a / b, v - x | {S} puts {f} of the money into a savings account.
v * a / b, v - x | {S} spends {f} of the money on a {gift}.
v * c / 100, v - x | {S} gives {c}% of the money to charity.
v * c / 100, v + x | A bonus of {c}% is paid on top.
v * 2 | A grandparent is so pleased that the amount is doubled.
ask:
How much money does {s} have now?
How much money does {N} have left?
How much money is that in the end?
How much does {N} have at the end of the day?
end:
v / k | {S} splits the money equally among {k} people. => How much does each person get?
p - v | {S} wants to buy a {l} that costs {p}. => How much more money does {s} need?
v / 2 | {S} keeps one half of the money and gives away the other. => How much money does {s} keep?
"""

SALES = """
topics: business work sales trade selling fair fundraising fundraiser charity event festival company entrepreneur
things: ticket, raffle ticket, cookie, cup of lemonade, T-shirt, bracelet, pot of jam, greeting card, painting, candle,
 wooden toy, flower pot, muffin, keychain, hot dog, slice of cake, used book, knitted hat
holders: box, crate, table
size: 12 300
start:
n | {N} brings {n} {o} to a fundraiser.
n | {N} prepares {n} {o} for the street fair.
n * m | {N} fills {n} {b} with {m} {o} each for the weekend sale.
n * m | For {n} days in a row, {N} makes {m} {o} a day to sell at the fair.
steps:
v - n | {S} sells {n} {o} before noon.
v - n | {S} gives away {n} {o} as free samples.
v - n | Rain ruins {n} of the {o}.
v + n | {S} makes {n} more {o} overnight.
v + n | A helper brings another {n} {o}.
n * m, v - x | {S} sells {n} {o} to each of {m} families.
n * m, v + x | {S} makes {n} more {o} every day for {m} days.
v * a / b, v - x | {S} sells {f} of the {o} in the first hour.
v * c / 100, v - x | {S} sets aside {c}% of the {o} for the helpers.
v * 2 | {S} doubles the stock because so many people come.
ask:
How many {o} does {s} have left to sell?
How many {o} remain?
How many {o} are there now?
end:
v / k | {S} arranges the {o} on {k} tables with the same number on each. => How many {o} are on each table?
v / k | {S} wraps the {o} in sets of {k}. => How many sets does {s} get?
money:
v * p | {S} sells every one of the {o} for {p}.
v * p | By the evening, all of the {o} are sold at {p} apiece.
noise:
- | The fair has been held for {k} years.
- | The stall next door has {k} visitors in the first hour.
"""

COOKING = """
topics: cooking food baking kitchen recipe recipes cook restaurant meal meals bakery
things: cookie, muffin, pancake, dumpling, bread roll, cupcake, pretzel, meatball, waffle, spring roll, scone, brownie,
 sandwich, empanada, pierogi, samosa, tartlet, biscuit
holders: tray, plate, box, basket
size: 12 200
start:
n * m | {N} bakes {n} {b} of {m} {o} each.
n * m | {N} makes {n} batches with {m} {o} in every batch.
n | {N} prepares {n} {o} for a family party.
n * m, x + k | {N} makes {n} {b} of {m} {o} and a small plate with {k} more.
steps:
v - n | {S} burns {n} of the {o}.
v - n | {S} eats {n} {o} while they are still warm.
v - n | The children take {n} {o} to school.
v + n | {S} makes {n} more {o} from the leftover dough.
v + n | {S} is given {n} {o} by {w}.
n * m, v + x | {S} makes another {n} {b} of {m} {o} each.
n * m, v - x | {S} serves {n} {o} to each of {m} guests.
v * t | For the big party {s} needs {t} times as many {o} and makes them.
v * a / b, v - x | {S} takes {f} of the {o} to the neighbors.
v * a / b, v - x | The guests eat {f} of the {o}.
v * c / 100, v - x | {S} freezes {c}% of the {o} for later.
ask:
How many {o} are left?
How many {o} does {N} have now?
How many {o} are still in the kitchen?
end:
v / k | {S} divides the {o} equally among {k} guests. => How many {o} does each guest get?
v / k | {S} puts {k} {o} on every plate. => How many plates does {s} need?
v * k | Every one of the {o} needs {k} grams of sugar. => How many grams of sugar is that altogether?
v * k, x / 60 | Every one of the {o} takes {k} seconds to decorate. => How many minutes does the decorating take?
money:
v * p | {S} sells the {o} that are left for {p} each.
v * p | A cafe buys all of these {o} for {p} each.
noise:
- | The oven is heated to {k}0 degrees.
- | {S} learned the recipe {k} years ago.
"""

COMPARE = """
topics: family friends comparison people sharing community class team
things: sticker, marble, book, point, apple, photo, pencil, shell, comic, balloon, medal, candy, game, stamp
holders: bag, box
size: 4 60
start:
n | {N} has {n} {o}.
n | {N} counts {n} {o}.
n * m | {N} has {n} {b} of {m} {o} each.
steps:
push v * t | {A} has {t} times as many {o} as {B}.
push v * 2 | {A} has twice as many {o} as {B}.
push v + n | {A} has {n} more {o} than {B}.
push v - n | {A} has {n} fewer {o} than {B}.
push v / 2 | {A} has half as many {o} as {B}.
push v * a / b | {A} has only {f} of the number that {B} has.
ask:
How many {o} does {B} have?
sum:
How many {o} do they have altogether?
How many {o} do all of them have together?
If they put everything together, how many {o} do they have in total?
noise:
- | They have known one another for {k} years.
- | They live in houses that are {k} minutes apart.
"""

SCENES = (COLLECTION, SAVINGS, SHOPPING, SALES, COOKING, COMPARE)
