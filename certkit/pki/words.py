"""Words for passphrases: short, easy to spell, and such as anybody can read to anybody.

They are the Electronic Frontier Foundation's short list (https://www.eff.org/dice) without what somebody may find
offensive or too close to another word. The list is the EFF's, by Joseph Bonneau, under the Creative Commons
Attribution 3.0 United States licence (https://creativecommons.org/licenses/by/3.0/us/).
"""

_LIST = """
acorn acre acts afar affix agent agile ahead aide aim ajar alarm alias alike alive aloe aloft aloha alone amend amino
ample amuse angle ankle apple apron aqua area arena argue arise armor aroma array art atlas atom attic audio avoid
awake award axis badge bagel baked baker balmy banjo barge barn basil bask batch bath baton blank blast blaze blend
bless blink blog blush boast boat bolt bonus book boots brick brim bring brink brisk brook broom brush bunch bunny
busy buzz cable cache cadet cage cake calm cameo canal candy cape card cargo carol carry carve case cash cause cedar
chain chair charm chase cheek cheer chef chess chew chill chip chomp chop chow chuck churn chute cider cinch city
civic civil claim clamp clap clash clasp class claw clay clean clear cleat clerk click clink clip cloak clock clone
cloth cloud clump coach coast coat cod cola cold comic comma cone copy coral cork cost cot couch cover cozy craft
crank crate crawl crib crisp crop cross crowd crown crumb cub curry cushy cut cycle dad daily dairy daisy dance dandy
dart data date dawn dean debug decaf decal deck decor decoy deed delay denim dense dent depth derby desk dial diary
dice dill diner disco dish disk dock doing dome donut dot dove down drama draw dress drift drill drive drone drum dry
duck duct duke duo dusk dust duty eagle early earth easel east eaten eats ebook echo edge eel elbow elf elk elm elope
elude elves email emit empty emu enter entry envoy equal essay etch evade even evoke exact exit fable faced fact fade
fall fancy fax feast feed fence fend ferry fetch fiber fifth fifty film final finch fit five flag flame flick flint
flip float flock floss flyer foam fog folk food found fox foyer frame fresh frill from front frost fruit gains gala
game gap gave gear gecko gem genre gift gig given giver glad glass glide gloss glove glow glue goal going golf gong
good goofy grab grain grant graph grasp grass gravy gray green greet grew grid grill grit guide gulf gummy habit half
happy hatch haven hazel hazy heap heat hedge help herbs hub hug hula hull humid hurry hut ice icing icon icy igloo
image ion iron issue item ivy jam jazz jelly jet job jog jolly jolt jot joy judge juice juicy jump jury keep kept kilt
kite kiwi knee koala ladle lair lake lance land lapel lasso last late lemon lend lens level lever lid life lift lilac
lily limes line lint lion list lived lunar lunch lyric maker malt mango many map match math mocha mop morse most motor
motto mouse move movie mower mud mug mulch mull mural muse music musky nacho nail name nap near neat neon nest net
next niece ninth oak oasis oat ocean olive omen onion only opal open opera opt otter ounce outer oval owl ozone pace
palm panda paper park party pasta patch path patio payer pecan penny perch petal petri photo plank plant plaza plow
pluck plug plus pod poem poet pogo point poise polar polka polo pond pony pound power press print prior prism prize
probe prong proof props prune pull pulp pulse puma pupil puppy purse push quake query quiet quill quilt quit quota
quote radar radio raft rail rake rally ramp ranch range rank raven reach react recap relax relay remix repay repel
reply rerun reset rhyme rice rich ride rigor rinse ripen rise risk rival river roast robin rock roman rover royal ruby
rug rule rush rust sage salad salon salsa salt same sandy satin sauna saved savor sax say scale scan scarf scoop scoot
scope score scout scrap scuba sedan self send sepia serve set seven shade shape share sharp shed sheep sheet shelf
shell shine shiny ship shirt shop shore shown showy shrug sift silk silo siren sixth size skate skew skier skies skip
skirt skit sky slab slate slaw sled sleek sleep sleet slept slice slick sling slip slot slush small smile snack snap
snowy speak spend spent spiny spoke spoof spool spoon sport spot spout spray spree spur squad squid stack staff stage
stamp stand start state stays steam steep stem step stew stick stir stock stony stood stoop stop storm stout stove
straw stray stuff suds sugar surf swan sway sweep swept swim swing swipe swirl swoop syrup taco tag take talon tamer
taper taps task taste tasty thank thaw theme thing think thorn those thumb thump thus tiara tidal tidy tiger tile tilt
tint trace track trade train trait tray treat tree trek trend trial trio trout truce truck trunk try tug tulip tusk
tutor tutu tweak tweet twice twine twins twirl twist uncle undo unify union unit untie upon upper urban user utter
value vapor venue verse vest video view visor vocal voice void volt vowel wafer wager wages wagon wake walk wand watch
water wavy wheat whole whoop wick widen width wifi wilt wind wing wink wired wise wish wispy wok wolf wool word work
worry woven wrist yam yard year yeast yield yodel yoga yoyo yummy zebra zero zesty zippy zone zoom
"""

WORDS = tuple(_LIST.split())
