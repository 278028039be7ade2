# Консоль сөздері, қазақша. Сол кілттер en.ftl және ru.ftl файлдарында.

## Navigation

nav-skip = Мазмұнға өту
nav-label = Беттер
nav-queue = Кезек
nav-codes = Кодтар
nav-shops = Дүкендер
nav-quality = Сапа
nav-ops = Жүйе жұмысы
nav-dead-letters = Оқылмаған жазбалар
nav-audit = Журнал
nav-settings = Баптаулар
language = Тіл
sign-out = Шығу
close = Жабу
pager = Басқа беттер
pager-back = артқа
pager-on = әрі қарай
pager-at = { $pages } беттің { $page }-беті
zone = Уақыт: { $zone }
fresh = Деректер { $time } дейін ({ $ago })
fresh-never = Деректер әлі түскен жоқ
demo-title = Көрсетілім.
demo-text = Дүкендер, серіктестер мен тапсырыстар ойдан құрастырылған; әр секунд сайын бір сағат өтеді, шешімдеріңіз детекторға жетеді. Осы компьютерде отырған адамға бәрі рұқсат.
ago-seconds = { $shown } секунд бұрын
ago-minutes = { $shown } минут бұрын
ago-hours = { $shown } сағат бұрын
ago-days = { $shown } күн бұрын
days = { $shown } күн
orders = { $shown } тапсырыс
clicks = { $shown } клик
followers = { $shown } жазылушы
days-short = { $days } күн
hours-short = { $hours } сағ
minutes-short = { $minutes } мин
yes = иә
no = жоқ
any = барлығы
save = Сақтау

## Keys

keys-hint = Пернелер:
keys-title = Пернелер
keys-move = келесі және алдыңғы жол
keys-open = жолды ашу
keys-decide = шешім қабылдау
keys-outcome = нәтижені таңдау; Enter жібереді
keys-note = жазба қалдыру
keys-refresh = жаңасын жүктеу
keys-copy = сілтемені көшіру
keys-search = іздеу

## Queue

queue-title = Кезек
queue-empty = Сәйкес жалауша жоқ.
queue-not-fed = Әзірге ештеңе түспеді: детектор жалауша жазған бойда консоль оны көрсетеді.
figure-waiting = Шешім күткен жалаушалар
figure-claimed = { $shown } жұмыста
figure-leaking = Қазір таралу арқылы кетіп жатыр
figure-leaking-how = соңғы 24 сағаттағы комиссия: тапсырыстар бойынша таралу ықтималдығы × комиссия қосындысы
figure-exposure = Барлығы кетті
figure-exposure-how = әр таралудың басынан бергі комиссия, жалаушалардың бағалауы бойынша
new-flags-count = { $shown } жаңа жалауша: жүктеу үшін r басыңыз
filters = Сүзгілер
filter-code = Код
filter-status = Жалаушалар
filter-kind = Ұқсайды
filter-merchant = Дүкен
filter-score = Балл, дБ бастап
filter-who = Кімде
filter-go = Көрсету
sort = Реті
status-waiting = күтуде
status-decided = шешілген
status-cleared = өздігінен жабылған
status-any = барлығы
sort-leaking = қазір кетіп жатқаны
sort-exposure = барлығы кеткені
sort-score = балл
sort-newest = соңғы өзгеріс
sort-oldest = ең ескісі
who-nobody = ешкімде емес
who-me = менде
claimed-by = Бұл жалауша { $who } қолында
claimed-until = { $time } дейін
state-open = ашық
state-escalated = күшейді
state-cleared = жабылды
commission-unknown = тізілімде пайыз жоқ

## Columns

col-code = Код
col-looks-like = Ұқсайды
col-leaking = Кетіп жатыр, 24 сағ
col-leaked = Барлығы кетті
col-orders = Таралу арқылы келген тапсырыс
col-score = Балл
col-onset = Ықтимал басталуы
col-partner = Серіктес
col-merchant = Дүкен
col-marketplace = Маркетплейс
col-who = Шешім
col-time = Уақыты
col-day = Күні
col-order = Тапсырыс
col-amount = Төленді
col-commission = Комиссия
col-p-leak = Таралу ықтималдығы
col-all-orders = Тапсырыс
col-clickless = Кликсіз
col-clicks = Клик
col-host = Сайт
col-signal = Белгі
col-decibans = дБ
col-sum = Осы жолға дейінгі қосынды
col-week-orders = Тапсырыс, 7 күн
col-week-clicks = Клик, 7 күн
col-flags = Жалаушалар
col-open-score = Ашық жалаушаның балы
col-waiting = Күтуде
col-hits = Расталды
col-misses = Теріске шығарылды
col-undecided = Шешілмеген
col-precision = Дәлдік
col-worth = Уақытқа тұрды
col-delay = Басталғаннан жалаушаға дейін, медиана
col-score-max = Ең жоғары балл
col-on-hits = Орташа дБ, расталған
col-on-misses = Орташа дБ, теріске шыққан
col-spoke = Сөз айтты
col-abstained = Қалыс қалды

## Code

never-flagged = жалауша болған емес
not-registered = Бұл код тізілімде жоқ: серіктесі мен дүкені белгісіз.
valid = жарамды
offline = ауызша немесе баспада да таратылады
copy-link = Сілтемені көшіру
copied = Көшірілді
days-title = Күндер бойынша
days-none = Бұл кодтың сақталған сағаттары жоқ.
as-table = Кесте түрінде
timeline-title = Күндер бойынша тапсырыс пен клик
timeline-scroll = Күндер кескіні, жанына жылжиды
timeline-desc = Ықтимал басталуына дейін: { $before }. Одан кейін: { $after }.
timeline-told = { $days } ішінде { $orders }, оның { $clickless } кликсіз, { $clicks }
mark-onset = ықтимал басталуы
mark-opened = жалауша
legend-clicked = клигі бар тапсырыс
legend-clickless = кликсіз тапсырыс
legend-clicks = клик (шкаласы оң жақта)
legend-usual = әдеттегі: басталғанға дейінгі бес күннің төртеуі
legend-onset = ықтимал басталуы, 90 % аралық
legend-post = серіктестің жарияланымы
evidence-title = Дәлелдер
evidence-none = Бұл кодта жалауша жоқ, сондықтан сақталған дәлел де жоқ. «promoguard explain» командасы кез келген код туралы айтады.
evidence-score = Балл
evidence-silent = { $shown } белгі үнсіз қалды
evidence-how = 10 дБ артық болса, тапсырыстар таралуды он есе күштірек көрсетеді. Әр жолақ жоғарғысы біткен жерден басталады.
evidence-detector = Детектор { $detector }, қабаты { $basis }.
evidence-gap = Кіріс деректеріндегі олқылық осы дәлелдерге әсер етеді.
evidence-window = Бақыланған уақыты:
week-title = Апта сағаттары
week-before = Ықтимал басталуына дейін
week-after = Ықтимал басталуынан бері
week-all = Барлық сақталған сағаттар
week-how = Әр сағаттағы апталық тапсырыс; шкала ортақ, ең қоюы — { $top }.
day-monday = Дс
day-tuesday = Сс
day-wednesday = Ср
day-thursday = Бс
day-friday = Жм
day-saturday = Сн
day-sunday = Жк
orders-title = Соңғы тапсырыстар
orders-none = Бұл кодтың бағаланған тапсырыстары сақталмаған.
orders-how = Сақталған { $all } тапсырыстың { $shown }. Ықтималдық тапсырыс бағаланған сәттегідей; ұстап қалғанда қайта есептеледі.
orders-csv = Әр тапсырыстан не ұсталады (CSV)
exposure-title = Шығын
exposure-none = Жалауша болмаса, бағалау да жоқ.
exposure-orders = Таралу арқылы келген тапсырыс
exposure-commission = Олардың комиссиясы
exposure-vat = Үстіне ҚҚС
vat-unknown = белгісіз
exposure-leaking = Соңғы 24 сағаттағы күтілетіні
exposure-how = { $time } бастап { $until } дейін, жалаушаның бағалауы; әр санның астында 90 % аралық.
referrers-title = Тапсырыстар қайдан келді
referrers-none = Жалаушадағы бірде-бір тапсырыс сатып алушының қайдан келгенін айтпайды.
coupon-site = белгілі купон сайты
cities-title = Қалалар
cities-none = Сақталмайды: бағаланған тапсырыста қала жоқ. Детектор көрген орындар туралы дәлелдердегі «Аудитория қалаларынан тыс» жалауша-дерегі айтады.
decisions-title = Шешімдер
decisions-none = Бұл код бойынша әлі ешкім шешім қабылдаған жоқ.
decision-waits = детекторға бара жатыр
held = { $time } бастап { $amount } ұсталды
notes-title = Код туралы жазбалар
notes-none = Жазба жоқ.
note-label = Жазба; кодта қалады, кейінгі жалаушаларде де көрінеді
note-add = Жазба қосу
similar-title = Ұқсастар
similar-none = Ұқсас жалауша жоқ.
similar-partner = сол серіктес
similar-host = { $host } сайтынан да тапсырыс бар
similar-evidence = дәлелдері { $share } сәйкес
history-title = Жалауша тарихы
history-none = Әзірге жалауша жоқ.
history-revisions = { $shown } редакция
history-flags = Кодтың барлық жалаушаларі
kit-title = Таралудан кейін: хабарлама мен жаңа код
kit-code = Орнына жаңа код:
kit-how = Ештеңе жіберілмейді, код жасалмайды: керегін көшіріңіз.
kit-message = Сәлеметсіз бе! Сіздің { $code } промокодыңызды жарияланымдарыңызды көрмеген адамдар пайдаланып жүр: ол аудиторияңыздан тыс жерге тараған. Оны сіз тараттыңыз демейміз. Кодты { $fresh } кодына ауыстырсаңыз; жазылушыларыңыздың тапсырыстары бұрынғыдай төленеді, таралу арқылы келгендері тексеріледі.

## Deciding

decide = Шешу
decide-on = Жалғастыру
decide-about = { $code } бойынша шешу
release = Босату
decide-title = { $code } бойынша шешім
decide-what = Бұл не?
outcome-leak = Таралу
outcome-legitimate = Заңды
outcome-permitted = Рұқсат етілген сайт
outcome-expected = Күтілген өсім
outcome-data-error = Деректегі қате
outcome-unclear = Түсініксіз
effect-leak = Кодтың қалыптысы басталғанға дейінгідей қалады.
effect-legitimate = Жарияланым, эфир, акция: қазіргі қалпы кодтың нормасына айналады.
effect-permitted = Бренд бұл кодқа төменде аталған сайттарды рұқсат етеді.
effect-expected = Жарияланым күтілуде: қашан екенін төменде көрсетіңіз.
effect-data-error = Басталғаннан бергі дәлелдер жарамсыз.
effect-unclear = Жазылады, ештеңені өзгертпейді; күшейсе, қайта келеді.
decide-note = Неге
decide-hosts = Рұқсат етілген сайттар
decide-hosts-how = тек «Рұқсат етілген сайт» үшін; бірнешеуін үтірмен
decide-expected = Жарияланым қашан күтіледі (тек «Күтілген өсім» үшін)
decide-worth = Жалауша уақытыңызға тұрды ма?
hold-title = Комиссияны ұстап қалу
hold-none = ештеңе ұстамау
hold-low = аралықтың төменгі шегінен, ықтималдық бойынша
hold-onset = ықтимал басталуынан
hold-at = басқа уақыттан
hold-preview = Алдын ала көру
hold-no-flood = Жалауша қолдан жасалған кликтер туралы: тапсырыс ұсталмайды.
hold-not-yours = Комиссияны жетекші ұстай алады; шешіміңіз ұстаусыз жазылады.
preview = { $commission } ішінен { $held } ұсталады: барлығы { $all }, оның { $orders } бөлігі
preview-rest = { $released } төленеді. Терезе { $time } басталады.
preview-nothing = Бұл терезеде ұстайтын тапсырыс жоқ.
decide-send = Шешім қабылдау
decide-send-how = Бірден жазылады және детекторға жіберіледі.
decided-as = Шешілді: { $outcome }.
decided-as-next = Шешілді: { $outcome }. Бұл — келесі жалауша.
decided-already = Бұл жалауша бұрын шешілген: { $outcome }. Жаңа шешім оны алмастырады.
overtaken = Сіз қарап жатқанда { $who } шешім қабылдады: { $outcome }, { $time }. Басқаша шешпес бұрын қайта қараңыз.

## Lists

codes-title = Кодтар
codes-count = { $shown } код
codes-none = Сәйкес код жоқ.
codes-how = Тізілім, сақталған сағаттар қосындысымен. Балл тек жалаушасы бар кодтарға белгілі.
partner-flags = Жалаушалар
partner-hits = Расталған таралулар
partner-of = шешілген { $all } ішінен
partner-held = Ұсталды
partner-no-flags = Бұл серіктестің кодтарында жалауша болған емес.
shops-title = Дүкендер
shops-none = Әзірге бірде-бір жалауша дүкенді атаған жоқ.
shops-how = «Барлығы кетті» күтіп тұрған не расталған жалаушалар бойынша; теріске шыққандары кірмейді.
shops-places = Маркетплейстер бойынша
shops-top = Ең көп кетіп жатқаны
merchant-none = тізілімде жоқ кодтар
own-site = өз сайты

## Quality

quality-title = Жалаушалар сапасы
quality-how = Адамдардың шешімі бойынша: «таралу» жалаушаны растайды; «заңды», «рұқсат етілген сайт», «күтілген өсім» және «деректегі қате» теріске шығарады; «түсініксіз» екеуіне де жатпайды.
quality-none = Әзірге жалауша жоқ.
quality-undecided = Әзірге шешім жоқ, сондықтан дәлдік белгісіз.
quality-kinds = Түрлері бойынша
quality-bands = Ең жоғары балл бойынша
quality-signals = Белгілер бойынша
quality-interval = Үлестің астында 90 % аралығы (Уилсон).
quality-threshold = Басқа шек
quality-threshold-none = Төменірек шек нені белгілейтіні сақталмайды. Баптауларды көлеңкеде сынаңыз немесе «promoguard replay» мен «promoguard evaluate» командаларын іске қосыңыз.

## Operation

ops-title = Жүйе жұмысы
ops-newest = Соңғы оқиға
ops-records = Сақталған жазба
ops-refused = Қабылданбаған жазба
ops-refused-how = топиктердің оқылмаған жолдары
ops-outbox = Күткен шешімдер
ops-outbox-how = сақталған, бірақ детекторға әлі жетпеген
ops-size = Қойма
ops-positions = Топиктер қай жерге дейін оқылды
ops-in-process = Детектор осы процесте жұмыс істейді; топиктер жоқ.
ops-topic = Топик
ops-partition = Партиция
ops-offset = Келесі ығысу
ops-elsewhere = Жылдамдық, кешігу, кеш келген жазбалар
ops-metrics = Қоймада жоқ: детектор оларды өзінің /metrics мекенжайында айтады.

## Unreadable records

dead-title = Оқылмаған жазбалар
dead-how = Келген күйінде; жеке деректер болуы мүмкін. Қарағаныңыз журналға жазылды.
dead-none = Қоймада жоқ. Kafka кезінде олар өз топигінде қалады (promo.dead-letters).
dead-count = { $shown } сақталған
dead-error = Себебі
dead-place = Қайда
dead-raw = Жазба

## Trail

audit-title = Журнал: кім не істеді
audit-whole = Барлық жазба ({ $entries }) өзгермеген; зәкірлер алғашқы { $anchored } жазбаға кепіл.
audit-broken = Журналға қол сұғылған: { $seq }-жазба, { $why }.
audit-none = Әзірге ештеңе жасалған жоқ.
audit-who = Кім
audit-action = Не
audit-object = Неге
audit-detail = Толығырақ

## Settings

settings-title = Баптаулар
users-title = Пайдаланушылар
users-open = Консоль компьютерде отырған адамға ашық; пайдаланушылары жоқ.
user-add = Пайдаланушы қосу
user-name = Аты
password = Құпиясөз
password-how = 15 таңбадан көбі жақсы, кемі 8; бос орын қоюға болады
role = Рөлі
role-viewer = бақылаушы
role-analyst = аналитик
role-lead = жетекші
role-merchant = дүкен
role-admin = әкімші
user-merchant = Дүкен (сол рөл үшін)
user-disabled = кіруге тыйым
user-added = Пайдаланушы қосылды.
user-changed = Пайдаланушы өзгертілді; сеанстары аяқталды.
sessions-title = Сеанстар
sessions-end = Басқалардың бәрінің сеансын аяқтау
sessions-end-sure = Басқалардың бәрі қайта кіруі керек болады. Жалғастыру керек пе?
sessions-ended = Басқалардың сеанстары аяқталды.
tokens-title = Бағдарламаларға арналған токендер
tokens-how = Токені бар бағдарлама өз пайдаланушысы істей алатынды токеннің аясында істей алады. Сипаттамасы:
tokens-open = Консоль осы компьютердегі кез келген бағдарламаға жауап береді; токендер жоқ.
tokens-none = Токендер жоқ.
token-made = Токен бір-ақ рет көрсетіледі. Ол кімде болса, сол пайдалана алады:
token-until = мерзімі
token-used = соңғы рет пайдаланылды
token-unused = пайдаланылған жоқ
token-end = Аяқтау
token-ended = Токен аяқталды.
token-add = Токен жасау
token-user = Кімнің атынан
token-days = Күн саны
scope-read = оқу
scope-export = тапсырыстар
scope-decide = шешім мен жазба
scope-hold = комиссияны ұстау
scope-trail = журнал
keeping-title = Не қанша сақталады
keeping-hours = Код сағаттары
keeping-orders = Жалаушасы жоқ код тапсырыстары
keeping-flags = Жалаушалар және жалаушасы бар код тапсырыстары
keeping-claim = Жұмыстағы жалауша
keeping-idle = Әрекетсіз сеанс
keeping-how = Баптау файлында, [review] бөлімінде беріледі.
sources-title = Дереккөздер, хабарламалар, купон сайттары
sources-none = Мұнда берілмейді: кірістер мен купон сайттары детектордың баптау файлында; хабарламалар әзірге жоқ.

## Signing in

sign-in-title = Кіру
sign-in = Кіру
sign-in-wrong = Аты немесе құпиясөз қате.
sign-in-wait = Тым көп әрекет: { $shown } секунд күтіңіз.
sign-in-nobody = Әзірге пайдаланушы жоқ. «promoguard console» іске қосылғанда шығарған баптау сілтемесін ашыңыз.
set-up-title = Алғашқы әкімші
set-up-how = Сілтеме бір рет, іске қосылғаннан кейін 15 минут ішінде жұмыс істейді.
set-up-token = Сілтемедегі токен
set-up = Әкімшіні құру

## Faults

fault-title = Болмады
fault-back = Кезекке
fault-not-found = Мұнда ештеңе жоқ немесе сізге көрсетілмейді.
fault-forbidden = Рөліңізге бұған рұқсат жоқ.
fault-store = Қойма істен шықты. Ештеңе өзгерген жоқ; қайталап көріңіз.
fault-number = Журналға арналған ақау нөмірі: { $number }
fault-form = Пішінді түсіну мүмкін болмады.
fault-overtaken = Біреу үлгеріп қойды: жалаушаға қайта қараңыз.
fault-outcome = Бұл не екенін айтыңыз: алтауының бірін таңдаңыз.
fault-note = Жазба бос немесе 2 КиБ-тан ұзын.
fault-hosts = Сайт berikod.ru сияқты, жолсыз жазылады.
fault-hosts-missing = Рұқсат етілген сайттарды атаңыз.
fault-expected = Жарияланым қашан күтілетінін көрсетіңіз.
fault-hold-at = Қай уақыттан ұстау керегін көрсетіңіз.
fault-hold-outcome = Комиссия тек таралу кезінде ұсталады.
fault-name = Аты: 2–64 әріп, цифр және . - _ @
fault-taken = Бұл ат бос емес.
fault-merchant = Пайдаланушының дүкенін көрсетіңіз.
fault-password-short = Құпиясөз тым қысқа: кемі 8 таңба.
fault-password-long = Құпиясөз тым ұзын: көп дегенде 128 таңба.
fault-password-common = Бұл құпиясөзді бәрі бірінші болып байқап көреді.
fault-token = Сілтеме қате, пайдаланылған немесе 15 минуттан ескі. Жаңасын алу үшін консольді қайта іске қосыңыз.
fault-token-user = Мұндай пайдаланушы жоқ.
fault-token-scopes = Токен не үшін екенін таңдаңыз.
fault-token-days = Токен 1 күннен 366 күнге дейін жарамды.
fault-token-many = 200 токен бар: алдымен біреуін аяқтаңыз.
fault-no-token = Жарамды токен жіберіңіз: Authorization: Bearer …
fault-forbidden-token = Токеннің рөлі не аясы бұған рұқсат бермейді.
fault-filter = Мұндай күй не рет жоқ.
fault-last-admin = Пайдаланушыларды басқаратын біреу қалуы керек.
