"""Short lists that the entity rules look words up in: common first names, countries, large cities, telling endings.

Written from general knowledge and kept small on purpose: they tell types apart, they do not decide what is an entity.
English spellings only.
"""

# ruff: noqa: SIM905 (lists of words read better as text)

from __future__ import annotations

FIRST_NAMES = frozenset(
    """
    Aaron Abdul Abdullah Abigail Adam Adrian Ahmed Aiden Aisha Alan Albert Alejandro Alex Alexander Alexandra Alexis
    Ali Alice Alicia Alison Allison Amanda Amber Amelia Amir Amy Ana Andre Andrea Andrew Andy Angela Anita Ann Anna
    Anne Annie Anthony Antonio Ariel Arthur Ashley Audrey Ava Barbara Barry Beatrice Becky Ben Benjamin Bernard Beth
    Betty Bianca Bill Billy Bob Bobby Boris Brad Brandon Brenda Brian Bruce Bryan Caleb Carl Carla Carlos Carmen
    Carol Caroline Carolyn Catherine Cecilia Charles Charlie Charlotte Chen Chloe Chris Christian Christina
    Christine Christopher Cindy Claire Clara Colin Connor Craig Crystal Cynthia Daisy Dan Daniel Danielle Danny Dave
    David Dean Debbie Deborah Dennis Derek Diana Diane Diego Dmitry Donald Donna Dora Doris Dorothy Doug Douglas
    Dylan Ed Eddie Edgar Edith Eduardo Edward Elaine Eleanor Elena Eli Elijah Elizabeth Ella Ellen Emily Emma Eric
    Erica Erik Erin Ernest Ethan Eugene Eva Evan Evelyn Fatima Felix Fernando Fiona Frances Francis Francisco Frank
    Fred Frederick Gabriel Gabriela Gary George Gerald Gerhard Gina Giovanni Gloria Gordon Grace Greg Gregory Hannah
    Hans Harold Harry Hassan Heather Hector Helen Henry Howard Hugo Ian Ibrahim Igor Ingrid Irene Isaac Isabel
    Isabella Ivan Jack Jackie Jackson Jacob Jacques Jaime James Jamie Jan Jane Janet Jared Jasmine Jason Javier Jay
    Jean Jeff Jeffrey Jen Jenna Jennifer Jenny Jeremy Jerry Jesse Jessica Jill Jim Jimmy Joan Joanna Joe Joel John
    Johnny Jon Jonathan Jorge Jose Joseph Josh Joshua Juan Judith Judy Julia Julian Julie Justin Karen Karl Kate
    Katherine Kathleen Kathy Katie Keith Kelly Ken Kenneth Kevin Khalid Kim Kofi Kristen Kyle Lance Larry Laura
    Lauren Laurie Leah Leo Leon Leonard Leslie Liam Lily Linda Lisa Logan Lorenzo Louis Louise Lucas Lucia Lucy Luis
    Luke Lynn Madison Maggie Mahmoud Manuel Marc Marcus Margaret Maria Marie Marilyn Mario Mark Martha Martin Marvin
    Mary Mason Matt Matthew Maurice Max Maya Megan Melanie Melissa Mia Michael Michelle Miguel Mike Miranda Mohamed
    Mohammad Mohammed Molly Monica Morgan Muhammad Nancy Naomi Natalie Natasha Nathan Neil Nicholas Nick Nicole Nina
    Noah Nora Norman Olga Olivia Omar Oscar Pamela Patricia Patrick Paul Paula Pedro Peggy Penny Pete Peter Phil
    Philip Phillip Pierre Rachel Ralph Ramon Raul Ray Raymond Rebecca Ricardo Richard Rick Ricky Rita Rob Robert
    Roberto Robin Roger Ron Ronald Rosa Rose Ross Roy Ruby Russell Ruth Ryan Sally Sam Samantha Samuel Sandra Sara
    Sarah Scott Sean Sergei Sergio Shane Shannon Sharon Sheila Sofia Sonia Sophia Sophie Stacy Stanley Stella
    Stephanie Stephen Steve Steven Stuart Sue Susan Suzanne Sylvia Tamara Tanya Tara Ted Teresa Terry Theodore
    Theresa Thomas Tiffany Tim Timothy Tina Todd Tom Tommy Tony Tracy Trevor Tyler Valerie Vanessa Vera Vernon
    Veronica Vicky Victor Victoria Vincent Virginia Vladimir Walter Wanda Wayne Wendy William Xavier Yasser Yolanda
    Yusuf Yvonne Zach Zachary Zoe
    """.split()
)

PLACES = frozenset(
    line.strip()
    for line in """
    Afghanistan, Albania, Algeria, Angola, Argentina, Armenia, Australia, Austria, Azerbaijan, Bahrain, Bangladesh,
    Belarus, Belgium, Bolivia, Bosnia, Botswana, Brazil, Britain, Bulgaria, Burma, Burundi, Cambodia, Cameroon,
    Canada, Chad, Chile, China, Colombia, Congo, Costa Rica, Croatia, Cuba, Cyprus, Czech Republic, Denmark,
    Dominican Republic, Ecuador, Egypt, El Salvador, England, Estonia, Ethiopia, Fiji, Finland, France, Gabon,
    Georgia, Germany, Ghana, Great Britain, Greece, Guatemala, Guinea, Haiti, Honduras, Hungary, Iceland, India,
    Indonesia, Iran, Iraq, Ireland, Israel, Italy, Ivory Coast, Jamaica, Japan, Jordan, Kazakhstan, Kenya, Korea,
    Kosovo, Kuwait, Laos, Latvia, Lebanon, Liberia, Libya, Lithuania, Luxembourg, Macedonia, Madagascar, Malawi,
    Malaysia, Mali, Malta, Mauritania, Mexico, Moldova, Mongolia, Morocco, Mozambique, Myanmar, Namibia, Nepal,
    Netherlands, New Zealand, Nicaragua, Niger, Nigeria, North Korea, Northern Ireland, Norway, Oman, Pakistan,
    Palestine, Panama, Paraguay, Peru, Philippines, Poland, Portugal, Qatar, Romania, Russia, Rwanda, Saudi Arabia,
    Scotland, Senegal, Serbia, Sierra Leone, Singapore, Slovakia, Slovenia, Somalia, South Africa, South Korea,
    Spain, Sri Lanka, Sudan, Sweden, Switzerland, Syria, Taiwan, Tanzania, Thailand, Tibet, Tunisia, Turkey, Uganda,
    Ukraine, United Arab Emirates, United Kingdom, United States, Uruguay, Uzbekistan, Vatican, Venezuela, Vietnam,
    Wales, Yemen, Zambia, Zimbabwe, U.S., U.K., US, USA, UK, UAE, U.S.A., Africa, America, Antarctica, Asia, Europe,
    Middle East, North America, South America, Latin America, Caribbean, Alabama, Alaska, Arizona, Arkansas,
    California, Colorado, Connecticut, Delaware, Florida, Hawaii, Idaho, Illinois, Indiana, Iowa, Kansas, Kentucky,
    Louisiana, Maine, Maryland, Massachusetts, Michigan, Minnesota, Mississippi, Missouri, Montana, Nebraska,
    Nevada, New Hampshire, New Jersey, New Mexico, New York, North Carolina, North Dakota, Ohio, Oklahoma, Oregon,
    Pennsylvania, Rhode Island, South Carolina, South Dakota, Tennessee, Texas, Utah, Vermont, Wisconsin, Wyoming,
    Ontario, Quebec, Alberta, British Columbia, Queensland, Kashmir, Chechnya, Darfur, Gaza, Crimea, Abuja, Accra,
    Algiers, Amman, Amsterdam, Ankara, Athens, Atlanta, Auckland, Austin, Baghdad, Baltimore, Bangalore, Bangkok,
    Barcelona, Basra, Beijing, Beirut, Belfast, Belgrade, Berlin, Bogota, Bombay, Boston, Brisbane, Brussels,
    Bucharest, Budapest, Buenos Aires, Cairo, Calcutta, Cape Town, Caracas, Cardiff, Charlotte, Chennai, Chicago,
    Cincinnati, Cleveland, Cologne, Copenhagen, Dallas, Damascus, Darwin, Delhi, Denver, Detroit, Dhaka, Doha,
    Dubai, Dublin, Edinburgh, Fallujah, Frankfurt, Geneva, Glasgow, Hamburg, Hanoi, Harare, Havana, Helsinki, Hong
    Kong, Honolulu, Houston, Hyderabad, Indianapolis, Islamabad, Istanbul, Jakarta, Jerusalem, Johannesburg, Kabul,
    Karachi, Kathmandu, Khartoum, Kiev, Kolkata, Kuala Lumpur, Kyiv, Kyoto, Lagos, Lahore, Las Vegas, Lima, Lisbon,
    Liverpool, London, Los Angeles, Lyon, Madrid, Manchester, Manila, Melbourne, Memphis, Miami, Milan, Milwaukee,
    Minneapolis, Minsk, Montreal, Moscow, Mosul, Mumbai, Munich, Nairobi, Najaf, Naples, Nashville, New Delhi, New
    Orleans, New York City, Orlando, Osaka, Oslo, Ottawa, Paris, Perth, Philadelphia, Phoenix, Pittsburgh, Prague,
    Pyongyang, Riyadh, Rome, Rotterdam, Sacramento, San Diego, San Francisco, San Jose, Santiago, Sao Paulo,
    Sarajevo, Seattle, Seoul, Shanghai, Sofia, St. Louis, Stockholm, Stuttgart, Sydney, Tehran, Tel Aviv, Tokyo,
    Toronto, Tripoli, Tunis, Vancouver, Venice, Vienna, Warsaw, Washington, Wellington, Zurich
    """.replace("\n", " ").split(",")
)

PLACE_ENDINGS = frozenset(
    """
    Avenue Bay Beach Boulevard Bridge Canyon City Coast County Desert District Forest Gulf Heights Hills Island
    Islands Lake Mountain Mountains Ocean Park Peninsula Province River Road Sea Square Street Strip Valley Village
    """.split()
)

ORGANISATION_WORDS = frozenset(
    """
    AG Academy Administration Agency Airlines Airways Alliance Army Assembly Association Authority Bank Board
    Broadcasting Bureau Bros Brothers Cabinet Capital Center Centre Chamber Church Club Co College Commission
    Committee Communications Company Congress Corp Corporation Council Court Department Energy Enterprises Exchange
    Federation Force Forces Foundation Front Fund GmbH Group Holdings Hospital House Inc Industries Institute
    International Investments Journal LLC LP Labs Laboratories Laboratory League Ltd Media Ministry Motors Museum NV
    Navy Network Networks News Office Organisation Organization PLC Parliament Partners Party Plc Police Post Press
    Records SA School Securities Senate Services Society Software Solutions Stores Studios Systems Technologies
    Technology Telecom Times Treasury Tribune Union University
    """.split()
)

TITLES = frozenset(
    """
    Mr Mrs Ms Dr Sen Gen Gov Rep Prof Sgt Lt Col Capt Rev Sir Lord Lady King Queen Prince Princess Pope President
    Minister Chancellor Senator General Governor Secretary Judge Justice Coach Captain Colonel Professor Doctor
    Mayor Chairman Ambassador Sheikh Ayatollah Cardinal Bishop Sergeant Detective Uncle Aunt
    """.split()
)

PLAIN_CAPITALS = frozenset(
    "AI AM AP BC AD CD CEO CFO DIY DJ DVD FAQ HD ID II III "
    "IV IT LED LP MP3 MVP OK PC PIN PM Q TV UFO VCR VI VIP".split()
)

FUNCTION_WORDS = frozenset(
    """
    a about above according across after again against ago all almost along already also although am among an and
    another any are around as at be because been before behind being below between both but by can could did do does
    during each either else enough even ever every few for from further get had has have he her here hers him his
    how however i if in inside instead into is it its just last later least less let like many may me meanwhile
    might more most much must my near neither never new next no nor not now of off often on once one only or other
    our out over own per please she should since so some still such than that the their them then there these they
    this those though through thus to too toward towards two under until up upon us very was we well were what when
    where whether which while who whom whose why will with within without would yes yesterday yet you your today
    tomorrow tonight three four five six seven eight nine ten first second third finally suppose given find let's
    i'm i've i'll it's that's there's don't he's she's
    """.split()
)
