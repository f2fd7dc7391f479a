"""Settings of word problems, part two: work, travel, nature, school, time. The form is explained in `scenes.py`."""

from __future__ import annotations

TRAVEL = """
topics: travel trip trips distance transport transportation driving speed cycling hiking journey holiday vacation car
things: kilometer
holders: day
size: 120 600
start:
n * m | {N} drives for {n} hours at {m} kilometers an hour.
n * m | {N} rides a scooter for {n} hours and covers {m} kilometers every hour.
n * m | {N} is on a train for {n} hours that travels {m} kilometers an hour.
n * m | {N} cycles {m} kilometers a day for {n} days.
n | {N} starts a road trip and covers {n} kilometers before lunch.
steps:
v + n | {S} travels {n} kilometers more before the evening.
v + n | A detour adds {n} kilometers.
n * m, v + x | {S} goes on for {n} hours at {m} kilometers an hour.
n * m, v + x | {S} spends {n} more days on the road and covers {m} kilometers on each.
v * 2 | {S} then returns the same way.
v * t | In the whole month {s} makes this trip {t} times.
v - n | A friend takes over the wheel for {n} of these kilometers.
v * a / b, v - x | {S} spends {f} of the distance asleep in the passenger seat.
ask:
How many kilometers is that in all?
How many kilometers does {s} cover that way?
How many kilometers are left to count for {N}?
end:
n - v | The whole route is {n} kilometers long. => How many kilometers are still to go?
v / k | {S} wants to spread this distance evenly over {k} days. => How many kilometers is that a day?
v / k | The car uses one liter of fuel for every {k} kilometers. => How many liters of fuel does the trip take?
money:
v * p | {S} is paid back {p} for each of these kilometers.
noise:
- | The suitcase weighs {k} kilograms.
- | There are {k} other passengers.
"""

FARM = """
topics: farm farming garden gardening nature plants animals agriculture harvest environment food fruit vegetables
things: apple, pumpkin, tomato, cabbage, egg, pear, carrot, melon, potato, strawberry, cucumber, onion, lemon, peach
holders: crate, basket, sack, box
size: 20 400
start:
n * m | {N} plants {n} rows that yield {m} {o} each.
n * m | {N} picks {n} {b} with {m} {o} each.
n | {N} harvests {n} {o} on the family farm.
n | In one morning, {N} gathers {n} {o}.
steps:
v + n | {S} gathers {n} more {o} in the afternoon.
v + n | A neighbor adds {n} {o} to the harvest.
n * m, v + x | {S} fills another {n} {b} with {m} {o} each.
n * m, v + x | {S} gathers {n} {o} a day on the following {m} days.
v - n | Birds spoil {n} of the {o}.
v - n | {S} keeps {n} {o} for the family.
n * m, v - x | {S} gives {n} {o} to each of {m} helpers.
v * t | The other fields together yield {t} times as much, so only they are counted from here on.
v * a / b, v - x | {S} feeds {f} of the {o} to the animals.
v * a / b, v - x | {S} sends {f} of the {o} to a juice factory.
v * c / 100, v - x | Frost damages {c}% of the {o}.
ask:
How many {o} are left?
How many {o} can still be sold?
How many {o} does {N} have now?
end:
v / k | {S} packs the {o} into {b} of {k}. => How many {b} are needed?
v / k | {S} loads the {o} evenly onto {k} carts. => How many {o} are on each cart?
money:
v * p | {S} takes the {o} to the market and sells them for {p} each.
v * p | A shop buys the whole lot at {p} for each of the {o}.
noise:
- | The farm is {k} kilometers from the village.
- | The oldest tree is {k}0 years old.
"""

FACTORY = """
topics: work job jobs factory production manufacturing industry company engineering machine machines office technology
things: chair, bicycle, phone case, lamp, toy robot, backpack, clock, drone, helmet, table, tile, bulb, battery, circuit
 board, zipper, glove
holders: box, crate, pallet, carton
size: 20 600
start:
n * m | A workshop makes {n} {o} an hour and {N} keeps it running for {m} hours.
n * m, x * k | {N} runs a machine that makes {n} {o} an hour for {m} hours a day on {k} days.
n * m | {N} looks after {n} machines, and each of them makes {m} {o} a day.
n | {N} has to check {n} {o} this week.
steps:
v - n | {S} finds {n} faulty {o} and takes them out.
v - n | {S} ships {n} {o} to a customer.
v + n | The night shift makes {n} {o} more.
v + n | {S} finds {n} {o} from last week in the storeroom.
n * m, v + x | {S} orders {n} extra {b} of {m} {o}.
n * m, v - x | {S} sends {n} {o} to each of {m} shops.
v * 2 | A second line starts and doubles the output.
v * c / 100, v - x | A test shows that {c}% of the {o} must be scrapped.
v * c / 100, v + x | A new tool raises the number of {o} by {c}%.
v * a / b, v - x | {S} sends {f} of the {o} abroad.
ask:
How many {o} are in stock now?
How many {o} remain?
How many {o} does {N} have to store?
end:
v / k | {S} packs the {o} into {b} of {k}. => How many {b} does {s} fill?
v / k | {S} divides the {o} evenly between {k} trucks. => How many {o} go onto each truck?
v * k, x / 60 | Every one of the {o} takes {k} minutes to inspect. => How many hours of inspection is that?
money:
v * p | The {o} are sold for {p} each.
v * p | A customer pays {p} for each of the {o}.
noise:
- | The building is {k}0 years old.
- | The day starts at {k} in the morning.
"""

READING = """
topics: reading books book library literature school education study studying learning
things: page
holders: chapter
size: 20 400
start:
n * m | {N} reads {n} pages a day for {m} days.
n * m | {N} reads {n} chapters of {m} pages each.
n | {N} reads {n} pages of a novel on Monday.
n | {N} has a book with {n} pages to read.
steps:
v + n | {S} reads {n} more pages on the train.
v + n | {S} skims {n} pages of the appendix as well.
n * m, v + x | {S} reads {n} pages every evening for {m} evenings.
n * m, v + x | {S} adds {n} chapters of {m} pages each.
v - n | {S} does not count {n} pages that only hold pictures.
v - n | {S} leaves out the {n} pages of the index.
v * 2 | {S} reads everything twice, which doubles the number of pages.
v * t | The whole series comes to {t} times as many pages.
v * a / b, v - x | {S} takes off {f} of the pages because they are notes.
ask:
How many pages is that?
How many pages does {N} count in the end?
How many pages is that in the end?
end:
n - v | The book has {n} pages altogether. => How many pages are still unread?
v / k | {S} wants to read them again in {k} days, the same number each day. => How many pages is that a day?
v / k | {S} now reads {k} pages an hour. => How many hours does it take to read that many pages?
v * k, x / 60 | Every page takes {k} minutes. => How many hours is that?
noise:
- | The author wrote it {k} years ago.
- | The library closes at {k} in the evening.
"""

SCHOOL = """
topics: school education class classroom students teacher university event party theater concert hall cinema wedding
things: chair, seat, pencil, worksheet, test tube, name tag, paintbrush, songbook, ruler, poster, program, cushion
holders: row, box, stack, room
size: 20 300
start:
n * m | {N} sets up {n} rows of {m} {o} in the school hall.
n * m | {N} prepares {n} {b} with {m} {o} each for the school concert.
n | {N} counts {n} {o} in the storage room of the school.
n * m | A school has {n} classes, and {N} hands {m} {o} to each of them.
steps:
v + n | {S} brings {n} more {o} from the next room.
v + n | Another school lends {n} {o}.
n * m, v + x | {S} adds {n} {b} of {m} {o} each.
v - n | {S} takes away {n} {o} because they are broken.
v - n | {S} reserves {n} of the {o} for guests.
n * m, v - x | {S} hands {n} {o} to each of {m} teachers.
v * 2 | So many people want to come that {s} doubles the number of {o}.
v * a / b, v - x | {S} moves {f} of the {o} to the gym.
v * c / 100, v - x | By noon {c}% of the {o} are gone.
ask:
How many {o} are there now?
How many {o} are left?
How many {o} can still be used?
end:
v / k | {S} divides the {o} equally among {k} groups. => How many {o} does each group get?
v / k | {S} sets the {o} out in groups of {k}. => How many groups does that make?
n - v | On the day of the event {n} {o} are needed. => How many {o} are still missing?
noise:
- | The school was opened {k}0 years ago.
- | The break lasts {k} minutes.
"""

SPORT = """
topics: sport sports fitness exercise running swimming game games training basketball health team athletics music time
things: minute
holders: day
size: 20 300
start:
n * m | {N} trains for {n} minutes on each of {m} days.
n * m | {N} swims {n} laps, and each lap takes {m} minutes.
n * m | {N} practices the piano for {n} minutes a day over {m} days.
n | {N} spends {n} minutes on warming up and running.
steps:
v + n | {S} exercises for {n} minutes more on Saturday.
v + n | {S} adds {n} minutes of stretching.
n * m, v + x | {S} does {n} extra sessions of {m} minutes.
n * m, v + x | {S} repeats a drill of {n} minutes {m} times.
v - n | The coach subtracts {n} minutes of breaks.
v - n | {S} cuts the plan by {n} minutes because of a cold.
v * 2 | Before the match {s} doubles the training time.
v * t | Over the season {s} does {t} times as much.
v * a / b, v - x | {S} does not count {f} of the time because it was only walking.
v * c / 100, v + x | The coach asks for {c}% more time.
ask:
How many minutes is that in the end?
How many minutes does {N} train?
What is the total in minutes?
end:
v / 60 | {S} writes the result into a diary in hours. => How many hours does {s} write down?
v / k | {S} spreads this time evenly over {k} days. => How many minutes is that a day?
n - v | The goal for the month is {n} minutes. => How many minutes are missing?
v * k | {S} burns {k} calories a minute. => How many calories is that?
noise:
- | {S} has been in the club for {k} years.
- | There are {k} players in the team.
"""

WATER = """
topics: water science physics environment energy aquarium pool tank liquid weather volume measurement chemistry home
things: liter
holders: bucket, can, barrel, jug
size: 20 600
start:
n | A tank in the yard of {N} holds {n} liters of water.
n * m | {N} pours {n} {b} of {m} liters each into an empty pool.
n * m | {N} fills a pond for {n} hours at {m} liters an hour.
n | {N} collects {n} liters of rainwater.
steps:
v + n | Rain adds {n} liters.
v + n | {S} pours in {n} liters more.
n * m, v + x | {S} adds {n} {b} with {m} liters each.
n * m, v - x | A leak lets out {n} liters an hour for {m} hours.
n * m, v - x | {S} waters {n} trees with {m} liters each.
v - n | {S} uses {n} liters to wash the car.
v - n | {S} takes out {n} liters for the flowers.
v * a / b, v - x | {S} drains {f} of the water.
v * c / 100, v - x | In the heat {c}% of the water evaporates.
v * 2 | A heavy storm doubles the amount of water.
ask:
How many liters are there now?
How many liters of water are left?
How many liters does {N} have in the end?
end:
v / k | {S} fills the water into {b} of {k} liters. => How many {b} does {s} need?
n - v | There is room for {n} liters. => How many liters are missing until it is full?
v / k | A pump empties it at {k} liters a minute. => How many minutes does that take?
money:
v * p | {S} sells the water to a nursery for {p} a liter.
noise:
- | The lid weighs {k} kilograms.
- | The garden hose is {k} meters long.
"""

ZOO = """
topics: animals animal zoo pets pet wildlife dogs cats aquarium biology park nature shelter
things: fish, treat, carrot, banana, snack, bone, apple, portion, seed cake, biscuit
holders: bucket, bag, box, sack
size: 20 300
start:
n * m | {N} feeds {n} animals, and each of them eats {m} {o} a day.
n * m | {N} carries {n} {b} with {m} {o} each to the animal shelter.
n | {N} has {n} {o} for the animals at the zoo.
steps:
v + n | A visitor donates {n} {o}.
v + n | {S} finds {n} more {o} in the storeroom.
n * m, v + x | A truck brings {n} {b} of {m} {o}.
v - n | The monkeys steal {n} {o}.
v - n | {S} puts {n} {o} aside for the night.
n * m, v - x | {S} feeds {n} {o} to each of {m} seals.
v * a / b, v - x | The elephants eat {f} of the {o}.
v * c / 100, v - x | {S} finds that {c}% of the {o} have gone bad.
v * t | For the holidays {s} orders {t} times as many {o} and they replace the old ones.
ask:
How many {o} are left?
How many {o} does {N} have now?
How many {o} are there for the next day?
end:
v / k | {S} gives every animal {k} {o}. => How many animals can {s} feed?
v / k | {S} divides the {o} equally among {k} cages. => How many {o} go into each cage?
v * k | Every one of the {o} weighs {k} grams. => How many grams is that in total?
noise:
- | The oldest tortoise is {k}0 years old.
- | The shelter has {k} volunteers.
"""

SCENES = (TRAVEL, FARM, FACTORY, READING, SCHOOL, SPORT, WATER, ZOO)
