# Что говорит консоль, по-русски. Те же ключи — в en.ftl и kk.ftl.

## Navigation

nav-skip = Перейти к содержанию
nav-label = Страницы
nav-queue = Очередь
nav-codes = Коды
nav-shops = Магазины
nav-quality = Качество
nav-ops = Работа системы
nav-dead-letters = Нечитаемые записи
nav-audit = Журнал
nav-settings = Настройки
language = Язык
sign-out = Выйти
close = Закрыть
pager = Другие страницы
pager-back = назад
pager-on = дальше
pager-at = страница { $page } из { $pages }
zone = Время: { $zone }
fresh = Данные до { $time } ({ $ago })
fresh-never = Данных ещё не поступало
demo-title = Демонстрация.
demo-text = Магазины, партнёры и заказы смоделированы; каждую секунду проходит час, и ваши решения доходят до детектора. Тому, кто сидит за этим компьютером, разрешено всё.
ago-seconds = { $n ->
    [one] { $shown } секунду назад
    [few] { $shown } секунды назад
   *[many] { $shown } секунд назад
    }
ago-minutes = { $n ->
    [one] { $shown } минуту назад
    [few] { $shown } минуты назад
   *[many] { $shown } минут назад
    }
ago-hours = { $n ->
    [one] { $shown } час назад
    [few] { $shown } часа назад
   *[many] { $shown } часов назад
    }
ago-days = { $n ->
    [one] { $shown } день назад
    [few] { $shown } дня назад
   *[many] { $shown } дней назад
    }
days = { $n ->
    [one] { $shown } день
    [few] { $shown } дня
   *[many] { $shown } дней
    }
orders = { $n ->
    [one] { $shown } заказ
    [few] { $shown } заказа
   *[many] { $shown } заказов
    }
clicks = { $n ->
    [one] { $shown } клик
    [few] { $shown } клика
   *[many] { $shown } кликов
    }
followers = { $n ->
    [one] { $shown } подписчик
    [few] { $shown } подписчика
   *[many] { $shown } подписчиков
    }
days-short = { $days } дн.
hours-short = { $hours } ч
minutes-short = { $minutes } мин
yes = да
no = нет
any = все
save = Сохранить

## Keys

keys-hint = Клавиши:
keys-title = Клавиши
keys-move = следующая и предыдущая строка
keys-open = открыть строку
keys-decide = принять решение
keys-outcome = выбрать исход; Enter отправляет
keys-note = написать заметку
keys-refresh = загрузить новое
keys-copy = скопировать ссылку
keys-search = поиск

## Queue

queue-title = Очередь
queue-empty = Нет подходящих флагов.
queue-not-fed = Пока ничего не поступало: консоль покажет флаги, как только их запишет детектор.
figure-waiting = Флаги ждут решения
figure-claimed = { $n ->
    [one] { $shown } в работе
    [few] { $shown } в работе
   *[many] { $shown } в работе
    }
figure-leaking = Утекает сейчас
figure-leaking-how = комиссия за последние 24 часа: сумма вероятности утечки × комиссии по заказам
figure-exposure = Утекло всего
figure-exposure-how = комиссия с начала каждой утечки по оценке флагов
new-flags-count = { $n ->
    [one] { $shown } новый флаг: нажмите r, чтобы загрузить
    [few] { $shown } новых флага: нажмите r, чтобы загрузить
   *[many] { $shown } новых флагов: нажмите r, чтобы загрузить
    }
filters = Фильтры
filter-code = Код
filter-status = Флаги
filter-kind = Похоже на
filter-merchant = Магазин
filter-score = Балл от, дБ
filter-who = У кого
filter-go = Показать
sort = Порядок
status-waiting = ждут
status-decided = решённые
status-cleared = закрылись сами
status-any = все
sort-leaking = утекает сейчас
sort-exposure = утекло всего
sort-score = балл
sort-newest = последнее изменение
sort-oldest = самые старые
who-nobody = ничьи
who-me = мои
claimed-by = Флаг у пользователя { $who }
claimed-until = до { $time }
state-open = открыт
state-escalated = усилился
state-cleared = закрыт
commission-unknown = в реестре нет процента

## Columns

col-code = Код
col-looks-like = Похоже на
col-leaking = Утекает, 24 ч
col-leaked = Утекло всего
col-orders = Утекло заказов
col-score = Балл
col-onset = Вероятное начало
col-partner = Партнёр
col-merchant = Магазин
col-marketplace = Маркетплейс
col-who = Решение
col-time = Время
col-day = День
col-order = Заказ
col-amount = Оплачено
col-commission = Комиссия
col-p-leak = Вероятность утечки
col-all-orders = Заказы
col-clickless = Без клика
col-clicks = Клики
col-host = Сайт
col-signal = Признак
col-decibans = дБ
col-sum = Сумма к этой строке
col-week-orders = Заказы, 7 дн.
col-week-clicks = Клики, 7 дн.
col-flags = Флаги
col-open-score = Балл открытого флага
col-waiting = Ждут
col-hits = Подтверждено
col-misses = Опровергнуто
col-undecided = Без решения
col-precision = Точность
col-worth = Стоило времени
col-delay = От начала до флага, медиана
col-score-max = Наибольший балл
col-on-hits = Среднее дБ, подтверждённые
col-on-misses = Среднее дБ, опровергнутые
col-spoke = Высказался
col-abstained = Воздержался

## Code

never-flagged = флагов не было
not-registered = Этого кода нет в реестре: партнёр и магазин неизвестны.
valid = действует
offline = также произносится или печатается
copy-link = Скопировать ссылку
copied = Скопировано
days-title = По дням
days-none = Для этого кода нет сохранённых часов.
as-table = Таблицей
timeline-title = Заказы и клики по дням
timeline-scroll = График по дням, прокручивается вбок
timeline-desc = До вероятного начала: { $before }. После: { $after }.
timeline-told = { $orders } за { $days }, из них без клика { $clickless }, { $clicks }
mark-onset = вероятное начало
mark-opened = флаг
legend-clicked = заказы с кликом
legend-clickless = заказы без клика
legend-clicks = клики (шкала справа)
legend-usual = обычно: четыре из пяти дней до начала
legend-onset = вероятное начало, интервал 90 %
legend-post = публикация партнёра
evidence-title = Доказательства
evidence-none = У этого кода нет флага, поэтому доказательств в хранилище нет. Команда «promoguard explain» расскажет о любом коде.
evidence-score = Балл
evidence-silent = { $n ->
    [one] { $shown } признак промолчал
    [few] { $shown } признака промолчали
   *[many] { $shown } признаков промолчали
    }
evidence-how = На 10 дБ больше — заказы в десять раз сильнее говорят об утечке. Каждая полоса начинается там, где кончилась верхняя.
evidence-detector = Детектор { $detector }, слой { $basis }.
evidence-gap = Пробел во входных данных затрагивает эти доказательства.
evidence-window = Наблюдалось с
week-title = Часы недели
week-before = До вероятного начала
week-after = После вероятного начала
week-all = Все сохранённые часы
week-how = Заказов в неделю в каждый час; шкала общая, самый тёмный — { $top }.
day-monday = Пн
day-tuesday = Вт
day-wednesday = Ср
day-thursday = Чт
day-friday = Пт
day-saturday = Сб
day-sunday = Вс
orders-title = Последние заказы
orders-none = Оценённых заказов этого кода в хранилище нет.
orders-how = { $shown } из { $all } сохранённых заказов. Вероятность — на момент оценки заказа; при удержании она пересчитывается.
orders-csv = Что удержать с каждого заказа (CSV)
exposure-title = Ущерб
exposure-none = Без флага оценки нет.
exposure-orders = Утекло заказов
exposure-commission = Комиссия с них
exposure-vat = НДС сверху
vat-unknown = неизвестен
exposure-leaking = Ожидаемо за последние 24 часа
exposure-how = С { $time } до { $until } по оценке флага; под числом — интервал 90 %.
referrers-title = Откуда пришли заказы
referrers-none = Ни один заказ флага не говорит, откуда пришёл покупатель.
coupon-site = известный купонный сайт
cities-title = Города
cities-none = Не хранятся: в оценённых заказах нет города. О местах говорит признак «Вне городов аудитории» в доказательствах.
decisions-title = Решения
decisions-none = По этому коду ещё никто не решал.
decision-waits = на пути к детектору
held = удержано { $amount } начиная с { $time }
notes-title = Заметки о коде
notes-none = Заметок нет.
note-label = Заметка; останется у кода при всех будущих флагах
note-add = Добавить заметку
similar-title = Похожие
similar-none = Похожих флагов нет.
similar-partner = тот же партнёр
similar-host = тоже заказы с { $host }
similar-evidence = доказательства совпадают на { $share }
history-title = История флага
history-none = Флага пока нет.
history-revisions = { $n ->
    [one] { $shown } редакция
    [few] { $shown } редакции
   *[many] { $shown } редакций
    }
history-flags = Все флаги кода
kit-title = После утечки: сообщение и новый код
kit-code = Код на замену:
kit-how = Ничего не отправляется и код не создаётся: скопируйте нужное.
kit-message = Здравствуйте! Вашим промокодом { $code } пользуются люди, которые не видели ваших публикаций: он попал за пределы вашей аудитории. Мы не утверждаем, что его передали вы. Пожалуйста, замените его на { $fresh }; заказы ваших подписчиков оплачиваются как прежде, заказы через утечку проверяются.

## Deciding

decide = Решить
decide-on = Продолжить
decide-about = Решить по коду { $code }
release = Отпустить
decide-title = Решение по коду { $code }
decide-what = Что это?
outcome-leak = Утечка
outcome-legitimate = Законно
outcome-permitted = Разрешённый сайт
outcome-expected = Ожидаемый всплеск
outcome-data-error = Ошибка в данных
outcome-unclear = Неясно
effect-leak = Нормой кода остаётся то, что было до начала.
effect-legitimate = Публикация, эфир, акция: нынешнее поведение становится нормой кода.
effect-permitted = Бренд разрешает этому коду сайты, названные ниже.
effect-expected = Анонсирована публикация: укажите ниже, когда.
effect-data-error = Доказательства с начала недействительны.
effect-unclear = Записывается и ничего не меняет; вернётся, если усилится.
decide-note = Почему
decide-hosts = Разрешённые сайты
decide-hosts-how = только для исхода «Разрешённый сайт»; несколько — через запятую
decide-expected = Когда ожидается публикация (только для исхода «Ожидаемый всплеск»)
decide-worth = Стоил ли флаг вашего времени?
hold-title = Удержать комиссию
hold-none = ничего не удерживать
hold-low = с нижней границы интервала, по вероятности
hold-onset = с вероятного начала
hold-at = с другого времени
hold-preview = Предпросмотр
hold-no-flood = Флаг о накрученных кликах: заказы не удерживаются.
hold-not-yours = Удерживать комиссию может руководитель; ваше решение запишется без удержания.
preview = Удержит { $held } из { $commission }: части { $orders } из { $all }
preview-rest = { $released } выплачивается. Окно с { $time }.
preview-nothing = В этом окне нет заказов для удержания.
decide-send = Принять решение
decide-send-how = Сразу записывается и отправляется детектору.
decided-as = Решено: { $outcome }.
decided-as-next = Решено: { $outcome }. Это следующий флаг.
decided-already = По флагу уже решено: { $outcome }. Новое решение его заменит.
overtaken = Пока вы смотрели, { $who } принял(а) решение: { $outcome }, { $time }. Посмотрите ещё раз, прежде чем решать иначе.

## Lists

codes-title = Коды
codes-count = { $n ->
    [one] { $shown } код
    [few] { $shown } кода
   *[many] { $shown } кодов
    }
codes-none = Нет подходящих кодов.
codes-how = Реестр с суммами по сохранённым часам. Балл известен только у кодов с флагом.
partner-flags = Флаги
partner-hits = Подтверждённые утечки
partner-of = из { $all } решённых
partner-held = Удержано
partner-no-flags = Флагов на кодах этого партнёра не было.
shops-title = Магазины
shops-none = Пока ни один флаг не называет магазин.
shops-how = «Утекло всего» — по флагам, которые ждут или подтверждены; опровергнутые не входят.
shops-places = По маркетплейсам
shops-top = Что утекает сильнее всего
merchant-none = коды вне реестра
own-site = свой сайт

## Quality

quality-title = Качество флагов
quality-how = По решениям людей: «утечка» подтверждает флаг; «законно», «разрешённый сайт», «ожидаемый всплеск» и «ошибка в данных» опровергают; «неясно» — ни то, ни другое.
quality-none = Флагов пока нет.
quality-undecided = Решений пока нет, поэтому точность неизвестна.
quality-kinds = По видам
quality-bands = По наибольшему баллу
quality-signals = По признакам
quality-interval = Под долей — её интервал 90 % (Уилсон).
quality-threshold = Другой порог
quality-threshold-none = Что отметил бы более низкий порог, не хранится. Испытайте настройки в тени или запустите с ними «promoguard replay» и «promoguard evaluate».

## Operation

ops-title = Работа системы
ops-newest = Последнее событие
ops-records = Записей сохранено
ops-refused = Записей отклонено
ops-refused-how = строки топиков, которые не удалось прочитать
ops-outbox = Решения в очереди
ops-outbox-how = сохранены, но ещё не у детектора
ops-size = Хранилище
ops-positions = Докуда прочитаны топики
ops-in-process = Детектор работает в этом процессе; топиков нет.
ops-topic = Топик
ops-partition = Партиция
ops-offset = Следующее смещение
ops-elsewhere = Скорости, отставание, опоздавшие записи
ops-metrics = В хранилище их нет: детектор сообщает их по своему адресу /metrics.

## Unreadable records

dead-title = Нечитаемые записи
dead-how = Как пришли; могут содержать персональные данные. Ваш просмотр записан в журнал.
dead-none = В хранилище их нет. При работе с Kafka они остаются в своём топике (promo.dead-letters).
dead-count = { $n ->
    [one] { $shown } сохранена
    [few] { $shown } сохранены
   *[many] { $shown } сохранено
    }
dead-error = Причина
dead-place = Где
dead-raw = Запись

## Trail

audit-title = Журнал: кто что сделал
audit-whole = Все записи ({ $entries }) не изменены; якоря ручаются за первые { $anchored }.
audit-broken = В журнал вмешались: запись { $seq }, { $why }.
audit-none = Пока ничего не сделано.
audit-who = Кто
audit-action = Что
audit-object = С чем
audit-detail = Подробности

## Settings

settings-title = Настройки
users-title = Пользователи
users-open = Консоль открыта тому, кто сидит за компьютером; пользователей нет.
user-add = Добавить пользователя
user-name = Имя
password = Пароль
password-how = хорошо от 15 знаков, не меньше 8; пробелы приветствуются
role = Роль
role-viewer = наблюдатель
role-analyst = аналитик
role-lead = руководитель
role-merchant = магазин
role-admin = администратор
user-merchant = Магазин (для этой роли)
user-disabled = вход запрещён
user-added = Пользователь добавлен.
user-changed = Пользователь изменён; его сеансы завершены.
sessions-title = Сеансы
sessions-end = Завершить сеансы всех остальных
sessions-end-sure = Всем остальным придётся войти заново. Продолжить?
sessions-ended = Сеансы всех остальных завершены.
tokens-title = Токены для программ
tokens-how = Программа с токеном может то же, что её пользователь, в пределах областей токена. Описание:
tokens-open = Консоль отвечает любой программе на этом компьютере; токенов нет.
tokens-none = Токенов нет.
token-made = Токен показан один раз. Кто его имеет, тот может им пользоваться:
token-until = до
token-used = последнее использование
token-unused = не использовался
token-end = Завершить
token-ended = Токен завершён.
token-add = Создать токен
token-user = От имени
token-days = Дней
scope-read = чтение
scope-export = заказы
scope-decide = решения и заметки
scope-hold = удержание комиссии
scope-trail = журнал
keeping-title = Сколько что хранится
keeping-hours = Часы кодов
keeping-orders = Заказы кодов без флага
keeping-flags = Флаги и заказы кодов с флагом
keeping-claim = Флаг в работе
keeping-idle = Сеанс без действий
keeping-how = Задаётся в файле настроек, раздел [review].
sources-title = Источники, уведомления, купонные сайты
sources-none = Задаются не здесь: входы и купонные сайты — в файле настроек детектора; уведомлений пока нет.

## Signing in

sign-in-title = Вход
sign-in = Войти
sign-in-wrong = Неверное имя или пароль.
sign-in-wait = { $n ->
    [one] Слишком много попыток: подождите { $shown } секунду.
    [few] Слишком много попыток: подождите { $shown } секунды.
   *[many] Слишком много попыток: подождите { $shown } секунд.
    }
sign-in-nobody = Пользователей ещё нет. Откройте ссылку настройки, которую «promoguard console» вывела при запуске.
set-up-title = Первый администратор
set-up-how = Ссылка действует один раз, в течение 15 минут после запуска.
set-up-token = Токен из ссылки
set-up = Создать администратора

## Faults

fault-title = Не получилось
fault-back = К очереди
fault-not-found = Здесь ничего нет или это вам не показывается.
fault-forbidden = Вашей роли это не разрешено.
fault-store = Сбой хранилища. Ничего не изменено; попробуйте ещё раз.
fault-number = Номер сбоя для журнала: { $number }
fault-form = Форму не удалось разобрать.
fault-overtaken = Кто-то успел раньше: посмотрите на флаг ещё раз.
fault-outcome = Укажите, что это: выберите один из шести исходов.
fault-note = Заметка пуста или длиннее 2 КиБ.
fault-hosts = Сайт пишется как berikod.ru, без пути.
fault-hosts-missing = Назовите разрешённые сайты.
fault-expected = Укажите, когда ожидается публикация.
fault-hold-at = Укажите, с какого времени удерживать.
fault-hold-outcome = Комиссия удерживается только при утечке.
fault-name = Имя: от 2 до 64 букв, цифр и . - _ @
fault-taken = Имя занято.
fault-merchant = Укажите магазин пользователя.
fault-password-short = Пароль слишком короткий: не меньше 8 знаков.
fault-password-long = Пароль слишком длинный: не больше 128 знаков.
fault-password-common = Этот пароль пробуют первым.
fault-token = Ссылка неверна, использована или старше 15 минут. Перезапустите консоль, чтобы получить новую.
fault-token-user = Такого пользователя нет.
fault-token-scopes = Выберите, для чего токен.
fault-token-days = Токен живёт от 1 до 366 дней.
fault-token-many = Токенов уже 200: сначала завершите один.
fault-no-token = Пришлите действующий токен: Authorization: Bearer …
fault-forbidden-token = Роль или области токена этого не разрешают.
fault-filter = Такого состояния или порядка нет.
fault-last-admin = Кто-то должен управлять пользователями.
