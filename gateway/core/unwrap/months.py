"""The months by language, and the halves of the day. Data only: `locale_dates` makes tables of it.

Nominative, then genitive and abbreviations where they don't begin it; any beginning of three letters will do too. A
hyphen stands for a blank. Chinese, Japanese, Korean and Vietnamese count their months. From the Unicode CLDR.
"""

from __future__ import annotations

MONTHS = """
en      january february march april may june july august september october november december
fr      janvier février mars avril mai juin juillet août septembre octobre novembre décembre
de      januar/jänner februar märz/maerz april mai juni juli august september oktober november dezember
es      enero febrero marzo abril mayo junio julio agosto septiembre/setiembre octubre noviembre diciembre
pt      janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
it      gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
nl      januari februari maart/mrt april mei juni juli augustus september oktober november december
sv      januari februari mars april maj juni juli augusti september oktober november december
no      januar februar mars april mai juni juli august september oktober november desember
da      januar februar marts april maj juni juli august september oktober november december
fi      tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta
        marraskuuta joulukuuta
pl      styczeń/stycznia luty/lutego marzec/marca kwiecień/kwietnia maj/maja czerwiec/czerwca lipiec/lipca
        sierpień/sierpnia wrzesień/września październik/października listopad/listopada grudzień/grudnia
cs      leden/ledna únor/února březen/března duben/dubna květen/května červen/června/čvn červenec/července/čvc
        srpen/srpna září říjen/října listopad/listopadu prosinec/prosince
sk      január/januára február/februára marec/marca apríl/apríla máj/mája jún/júna júl/júla august/augusta
        september/septembra október/októbra november/novembra december/decembra
hu      január február március április május június július augusztus szeptember október november december
ro      ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie
ru      январь/января февраль/февраля март/марта апрель/апреля май/мая июнь/июня июль/июля август/августа
        сентябрь/сентября октябрь/октября ноябрь/ноября декабрь/декабря
uk      січень/січня лютий/лютого березень/березня квітень/квітня травень/травня червень/червня липень/липня
        серпень/серпня вересень/вересня жовтень/жовтня листопад/листопада грудень/грудня
tr      ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
hr      siječanj/siječnja veljača/veljače ožujak/ožujka travanj/travnja svibanj/svibnja lipanj/lipnja srpanj/srpnja
        kolovoz/kolovoza rujan/rujna listopad/listopada studeni/studenoga/studenog prosinac/prosinca
et      jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember
ar      يناير/كانون-الثاني فبراير/شباط مارس/آذار أبريل/ابريل/نيسان مايو/أيار يونيو/حزيران يوليو/تموز أغسطس/آب
        سبتمبر/أيلول أكتوبر/تشرين-الأول نوفمبر/تشرين-الثاني ديسمبر/كانون-الأول
he      ינואר/בינואר פברואר/בפברואר מרץ/במרץ אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי אוגוסט/באוגוסט
        ספטמבר/בספטמבר אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר
th      มกราคม/ม.ค กุมภาพันธ์/ก.พ มีนาคม/มี.ค เมษายน/เม.ย พฤษภาคม/พ.ค มิถุนายน/มิ.ย กรกฎาคม/ก.ค สิงหาคม/ส.ค
        กันยายน/ก.ย ตุลาคม/ต.ค พฤศจิกายน/พ.ย ธันวาคม/ธ.ค
el      ιανουάριος/ιανουαρίου φεβρουάριος/φεβρουαρίου μάρτιος/μαρτίου απρίλιος/απριλίου μάιος/μαΐου ιούνιος/ιουνίου
        ιούλιος/ιουλίου αύγουστος/αυγούστου σεπτέμβριος/σεπτεμβρίου οκτώβριος/οκτωβρίου νοέμβριος/νοεμβρίου
        δεκέμβριος/δεκεμβρίου
bg      януари февруари март април май юни юли август септември октомври ноември декември
ca      gener febrer març abril maig juny juliol/jul agost/ag setembre octubre novembre desembre
gl      xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro
eu      urtarrila/urtarrilaren otsaila/otsailaren martxoa/martxoaren apirila/apirilaren maiatza/maiatzaren
        ekaina/ekainaren uztaila/uztailaren abuztua/abuztuaren iraila/irailaren urria/urriaren azaroa/azaroaren
        abendua/abenduaren
sl      januar/januarja februar/februarja marec/marca april/aprila maj/maja junij/junija julij/julija avgust/avgusta
        september/septembra oktober/oktobra november/novembra december/decembra
sr      јануар/januar фебруар/februar март/mart април/april мај/maj јун/jun јул/jul август/avgust септембар/septembar
        октобар/oktobar новембар/novembar децембар/decembar
mk      јануари февруари март април мај јуни јули август септември октомври ноември декември
lt      sausis/sausio vasaris/vasario kovas/kovo balandis/balandžio gegužė/gegužės birželis/birželio liepa/liepos
        rugpjūtis/rugpjūčio rugsėjis/rugsėjo spalis/spalio lapkritis/lapkričio gruodis/gruodžio
lv      janvāris/janvārī februāris/februārī marts/martā aprīlis/aprīlī maijs/maijā jūnijs/jūnijā jūlijs/jūlijā
        augusts/augustā septembris/septembrī oktobris/oktobrī novembris/novembrī decembris/decembrī
is      janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember
id      januari februari maret april mei juni juli agustus september oktober november desember
ms      januari februari mac april mei jun julai ogos september oktober november disember
fa      ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت/آگوست سپتامبر اکتبر نوامبر دسامبر
hi      जनवरी/जन फ़रवरी/फरवरी मार्च अप्रैल मई जून जुलाई अगस्त/अग
        सितंबर/सितम्बर अक्टूबर/अक्तूबर नवंबर/नवम्बर/नव दिसंबर/दिसम्बर
af      januarie februarie maart/mrt april mei junie julie augustus september oktober november desember
sq      janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor
be      студзень/студзеня люты/лютага сакавік/сакавіка красавік/красавіка май/мая чэрвень/чэрвеня ліпень/ліпеня
        жнівень/жніўня верасень/верасня кастрычнік/кастрычніка лістапад/лістапада снежань/снежня
az      yanvar fevral mart aprel may iyun/iyn iyul/iyl avqust sentyabr oktyabr noyabr dekabr
kk      қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан
"""

WEEKDAYS_TOO = "mar sze maw"
"""Begin a month's name and are a weekday's abbreviation: Tuesday in Romance languages, Wednesday in Hungarian."""

FORENOON = "am a.m 午前 上午 凌晨 早上 清晨 오전 πμ π.μ ص öö"
AFTERNOON = "pm p.m 午後 下午 中午 傍晚 晚上 오후 μμ μ.μ م öö̈s ös"

OWN_HALVES = """
hu de du
vi sa ch
sv fm em
fi ap ip
cs dop odp
sl dop pop
uk дп пп
is f.h e.h
ms pg ptg
fa ق.ظ ب.ظ
hi पूर्वाह्न अपराह्न
af vm nm
sq p.d m.d
mk претпл попл
lv priekšp pēcp
lt priešpiet popiet
"""
"""Language, its forenoon and its afternoon, where the words mean something else in other languages."""

VIETNAMESE = "giêng/một hai ba tư năm sáu bảy tám chín mười mười-một mười-hai"
"""The months in words, behind "tháng"; programs count them in figures as well."""

ZONES = "غرينتش گرینویچ"
"""Greenwich in other scripts."""

WEEKDAYS = "mon tue wed thu fri sat sun"
"""How English weekdays begin: they tell 4 March from April 3."""
