"""What customers write about, by subject: complaints, and what they ask for. Slots are filled by `prose.py`."""

from __future__ import annotations

# subject -> (words that name it, what happened, what is asked for)
TICKETS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "billing": (
        "billing bill charge charges charged invoice invoices payment payments refund refunds price "
        "pricing money fee fees",
        (
            "I was charged {amount} twice for my {plan} plan in {month}",
            "the invoice for {month} shows {amount} although my plan costs {amount2}",
            "a payment of {amount} was taken from my card after the free trial",
            "my card was declined when I tried to pay the invoice of {amount}",
            "the refund of {amount} that I was promised on {day} has not arrived",
            "there is a fee of {amount} on my statement that nobody can explain",
            "the tax on my last invoice was worked out with the wrong rate",
            "the discount code from {month} was not taken off the bill",
            "I paid {amount} by bank transfer, but the invoice is still marked as unpaid",
            "the yearly price changed from {amount2} to {amount} without any notice",
        ),
        (
            "Please correct the invoice.",
            "Could you refund the difference to my card?",
            "I would like a receipt that shows the right amount.",
            "Please tell me what this charge is for.",
            "When will the money be back on my account?",
        ),
    ),
    "login": (
        "login log sign signin password account access authentication locked credentials username "
        "two-factor authenticate",
        (
            "I cannot sign in since {day}, and the page only says that my password is wrong",
            "the password reset email never reaches my inbox",
            "my account was locked after {n} attempts on my {device}",
            "the verification code arrives {n} minutes late and has expired by then",
            "I changed my phone and the authenticator app no longer shows a code",
            "signing in through our company account ends in an empty page",
            "after I changed my username, my credentials are refused everywhere",
            "I am logged out of my {device} every {n} minutes",
            "the reset link opens a page that says the token is invalid",
            "a colleague left and nobody knows the password of the admin user",
        ),
        (
            "Please unlock my account.",
            "Can you send me a new reset link?",
            "How do I get back in?",
            "Please switch off two-factor sign-in for me until I have the new phone.",
            "I need access again before {day}.",
        ),
    ),
    "shipping": (
        "shipping delivery deliveries parcel package shipment order orders courier tracking transport "
        "logistics late arrive",
        (
            "my parcel with the {item} has been in {city} since {day} without moving",
            "the tracking page says delivered, but no {item} was at my door",
            "the courier left the package with the {item} in the rain",
            "the {item} I ordered on {day} was supposed to arrive {n} days ago",
            "the box arrived open and the {item} was missing",
            "the driver could not find my street in {city} and took the shipment back",
            "half of my delivery came to {city}, the {item} did not",
            "the parcel was sent to my old address although I had changed it",
            "customs in {city} have been holding the package for {n} days",
        ),
        (
            "Where is my parcel now?",
            "Please ask the courier to try again on {day}.",
            "Can you ship a replacement to the new address?",
            "I would like a delivery date that I can rely on.",
            "Please change the address before it leaves the warehouse.",
        ),
    ),
    "returns": (
        "return returns exchange exchanges warranty replacement broken damaged defective wrong size send back",
        (
            "the {item} arrived with a deep scratch and I want to send it back",
            "the {item} is two sizes too small and has to be exchanged",
            "I received a {color} {item} although I had chosen another color",
            "the {item} stopped working after {n} days, well within the warranty",
            "I sent the {item} back on {day} and have heard nothing since",
            "the return label for the {item} does not print",
            "a part of the {item} was broken when I unpacked it",
            "the {item} does not look like the picture, so I would rather return it",
        ),
        (
            "How do I get a return label?",
            "Please exchange it for the right size.",
            "Does the warranty cover this?",
            "Can I hand it in at a shop in {city} instead?",
            "I would like a replacement rather than a repair.",
        ),
    ),
    "technical": (
        "technical bug bugs error errors crash crashes crashing app software issue problem broken fault "
        "malfunction glitch",
        (
            "the app crashes on my {device} as soon as I open the {screen} screen",
            "since the update on {day} the {screen} page shows error {code}",
            "the export button does nothing in the {screen} view",
            "files above {n} megabytes fail to upload with error {code}",
            "the {screen} screen freezes on my {device} until I restart it",
            "search results in the {screen} view come back empty",
            "dark mode makes the text of the {screen} page unreadable on my {device}",
            "synchronization between my {device} and the web version stops at {n} percent",
            "the installer quits with error {code} halfway through",
            "notifications show up {n} times for the same event",
        ),
        (
            "Is this a known bug?",
            "I attached a log file and a screenshot.",
            "Please let me know when a fix is out.",
            "Is there a workaround until then?",
            "I can reproduce it at any time if that helps.",
        ),
    ),
    "feature": (
        "feature features request requests suggestion suggestions idea wish improvement enhancement feedback missing",
        (
            "it would be great if the {screen} view could be sorted by date",
            "our team in {city} misses a way to share the {screen} page with guests",
            "I would love a keyboard shortcut for the {screen} screen",
            "could you add an option to export the {screen} list as a spreadsheet",
            "a widget for the {device} would save me many taps",
            "please consider support for several languages in the {screen} view",
            "an overview of the last {n} weeks would be a nice addition",
            "it would help to have templates in the {screen} editor",
        ),
        (
            "Is something like this planned?",
            "I would be happy to test it.",
            "Several people in our team would vote for it.",
            "I think others would like it as well.",
        ),
    ),
    "cancellation": (
        "cancel cancellation canceling subscription subscriptions unsubscribe terminate renewal contract "
        "downgrade close",
        (
            "I want to cancel my {plan} subscription at the end of {month}",
            "my {plan} contract was renewed although I had given notice in {month}",
            "there is no button to end the {plan} subscription",
            "we are closing our office in {city} and no longer need the {plan} plan",
            "I would like to move from the {plan} plan to a smaller one",
            "I keep getting the newsletter after I unsubscribed {n} times",
        ),
        (
            "Please confirm the cancellation in writing.",
            "Until when can I still use the service?",
            "Please do not renew it again.",
            "What happens to my data afterwards?",
        ),
    ),
    "security": (
        "security privacy fraud scam phishing hacked data breach suspicious gdpr personal protection stolen",
        (
            "I got a suspicious message that claims to be from you and asks for my card number",
            "somebody from {city} used my profile on {day} while I was asleep",
            "I want to know which personal data you store about me",
            "there were {n} sign-ins from a {device} that I do not own",
            "my email address showed up in a leaked list in {month}",
            "please delete all of my personal data under the privacy rules",
        ),
        (
            "Is this message genuine?",
            "Please end all open sessions.",
            "I expect an answer from your data protection officer.",
            "What should I do to protect myself?",
        ),
    ),
    "performance": (
        "performance slow speed latency lag outage down downtime network connection internet timeout timeouts",
        (
            "the {screen} page has taken {n} seconds to load since {day}",
            "the connection in {city} drops every {n} minutes",
            "everything was down for {n} minutes on {day} morning",
            "video calls lag so much on my {device} that we gave up",
            "the speed is far below what the {plan} plan promises",
        ),
        (
            "Is there an outage in our area?",
            "Please check the servers.",
            "When will it be as fast as before?",
        ),
    ),
    "sales": (
        "sales product products question information inquiry enquiry general presale availability upgrade "
        "quote demo purchase",
        (
            "I would like to know whether the {item} is in stock in {city}",
            "we are {n} people and wonder which plan fits a team of our size",
            "does the {plan} plan include support by phone",
            "could somebody show us the product in a short demo on {day}",
            "I am looking for a {color} {item} as a present",
            "do you have a shop in {city} where one can try the {item}",
        ),
        (
            "Please send me an offer.",
            "What are your opening hours?",
            "I am happy to talk on the phone.",
            "Thank you for a short answer.",
        ),
    ),
    "praise": (
        "praise compliment compliments thanks thank positive happy satisfied kudos",
        (
            "I just wanted to say how helpful your colleague {name2} was on {day}",
            "the {item} is even better than I had hoped",
            "the new {screen} view makes my work in {city} so much easier",
            "I have never had such a quick and friendly answer",
        ),
        ("Keep up the good work!", "Please pass on my thanks.", "I have already told my friends.", "You made my day."),
    ),
    "hardware": (
        "hardware device printer battery screen cable laptop phone keyboard router monitor equipment "
        "installation install setup",
        (
            "the battery of my {device} is empty after {n} hours",
            "the power supply of the {device} makes a loud noise",
            "my new {device} does not recognize the cable",
            "the {device} gets so hot that it switches itself off",
            "the keys of my {device} have been sticking since {day}",
            "the setup of the {device} stops at step {n}",
        ),
        (
            "Can it be repaired?",
            "Which spare part do I need?",
            "Please send a technician to {city}.",
            "I need a working one by {day}.",
        ),
    ),
}

OPENERS = (
    "Hello,",
    "Hi there,",
    "Good morning,",
    "Dear support team,",
    "Hi,",
    "Good evening,",
    "To whom it may concern,",
)
CONTEXTS = (
    "I have been a customer since {month} {year}.",
    "My reference is {ref}.",
    "I noticed it on {day} in {city}.",
    "I am writing on behalf of our office in {city}.",
    "A friend of mine in {city} has had the same experience.",
    "You can reach me on {day} between {m} and {hour} o'clock.",
    "I could not find an answer in your help pages.",
    "The chat assistant sent me to this address.",
    "It has kept me busy for {n} days now.",
    "Case {ref} may be related.",
    "I am traveling to {city} on {day}, so it is a little urgent.",
)
CLOSERS = (
    "Thanks, {name} from {city}",
    "Best regards, {name} {surname}",
    "Kind regards, {name} {surname}",
    "{name} {surname}, {city}",
    "Many thanks, {name} ({ref})",
)
DEVICES = ("laptop", "tablet", "phone", "desktop computer", "smart watch", "work laptop", "old phone", "e-reader")
ITEMS = (
    "headphones",
    "coffee grinder",
    "desk lamp",
    "hiking boots",
    "rain jacket",
    "backpack",
    "toaster",
    "office chair",
    "bike helmet",
    "wool sweater",
    "kettle",
    "blender",
    "garden hose",
    "picture frame",
    "sleeping bag",
    "board game",
)
PLANS = ("basic", "family", "student", "premium", "business", "starter", "team", "annual")
SCREENS = (
    "calendar",
    "settings",
    "report",
    "invoice",
    "profile",
    "search",
    "contacts",
    "dashboard",
    "checkout",
    "inbox",
    "project",
)
COLORS = ("blue", "green", "black", "red", "grey", "white", "yellow", "brown")
