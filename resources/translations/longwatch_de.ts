<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name></name>
    <message>
        <source>Run</source>
        <translation>Ausführen</translation>
    </message>
    <message>
        <source>Run the selection, or the whole text</source>
        <translation>Die Auswahl oder den ganzen Text ausführen</translation>
    </message>
    <message>
        <source>Run statement</source>
        <translation>Anweisung ausführen</translation>
    </message>
    <message>
        <source>Run the statement at the cursor</source>
        <translation>Die Anweisung an der Einfügemarke ausführen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel the selected jobs</source>
        <translation>Die ausgewählten Aufträge abbrechen</translation>
    </message>
    <message>
        <source>Run again</source>
        <translation>Erneut ausführen</translation>
    </message>
    <message>
        <source>Submit the selected jobs&apos; SQL again</source>
        <translation>Das SQL der ausgewählten Aufträge erneut abschicken</translation>
    </message>
    <message>
        <source>Open SQL in editor</source>
        <translation>SQL im Editor öffnen</translation>
    </message>
    <message>
        <source>Show the job&apos;s SQL in the editor</source>
        <translation>Das SQL des Auftrags im Editor zeigen</translation>
    </message>
    <message>
        <source>Copy SQL</source>
        <translation>SQL kopieren</translation>
    </message>
    <message>
        <source>Copy the job&apos;s SQL</source>
        <translation>Das SQL des Auftrags kopieren</translation>
    </message>
    <message>
        <source>Copy job ID</source>
        <translation>Auftrags-ID kopieren</translation>
    </message>
    <message>
        <source>Copy the job&apos;s id</source>
        <translation>Die ID des Auftrags kopieren</translation>
    </message>
    <message>
        <source>Copy rows</source>
        <translation>Zeilen kopieren</translation>
    </message>
    <message>
        <source>Copy the selected rows as text</source>
        <translation>Die ausgewählten Zeilen als Text kopieren</translation>
    </message>
    <message>
        <source>Copy rows as CSV</source>
        <translation>Zeilen als CSV kopieren</translation>
    </message>
    <message>
        <source>Copy the selected rows as CSV</source>
        <translation>Die ausgewählten Zeilen als CSV kopieren</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>Löschen…</translation>
    </message>
    <message>
        <source>Delete the selected jobs (Delete)</source>
        <translation>Die ausgewählten Aufträge löschen (Entf)</translation>
    </message>
    <message>
        <source>Cancel all that match…</source>
        <translation>Alle passenden abbrechen…</translation>
    </message>
    <message>
        <source>Cancel every job that the filter shows</source>
        <translation>Jeden Auftrag abbrechen, den der Filter zeigt</translation>
    </message>
    <message>
        <source>Delete all that match…</source>
        <translation>Alle passenden löschen…</translation>
    </message>
    <message>
        <source>Delete every job over that the filter shows</source>
        <translation>Jeden beendeten Auftrag löschen, den der Filter zeigt</translation>
    </message>
    <message>
        <source>New tab</source>
        <translation>Neuer Tab</translation>
    </message>
    <message>
        <source>Open an empty tab</source>
        <translation>Einen leeren Tab öffnen</translation>
    </message>
    <message>
        <source>Close tab</source>
        <translation>Tab schließen</translation>
    </message>
    <message>
        <source>Close the tab in front</source>
        <translation>Den vorderen Tab schließen</translation>
    </message>
    <message>
        <source>Open…</source>
        <translation>Öffnen…</translation>
    </message>
    <message>
        <source>Open a file of SQL</source>
        <translation>Eine SQL-Datei öffnen</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>Speichern unter…</translation>
    </message>
    <message>
        <source>Save the text to a file</source>
        <translation>Den Text in eine Datei speichern</translation>
    </message>
    <message>
        <source>Save query…</source>
        <translation>Abfrage speichern…</translation>
    </message>
    <message>
        <source>Keep the text on the server, to run it again</source>
        <translation>Den Text auf dem Server aufbewahren, um ihn wieder auszuführen</translation>
    </message>
    <message>
        <source>Add source…</source>
        <translation>Quelle hinzufügen…</translation>
    </message>
    <message>
        <source>Add something to query</source>
        <translation>Etwas hinzufügen, das sich abfragen lässt</translation>
    </message>
    <message>
        <source>Find…</source>
        <translation>Suchen…</translation>
    </message>
    <message>
        <source>Find in the text, or filter the jobs</source>
        <translation>Im Text suchen oder die Aufträge filtern</translation>
    </message>
    <message>
        <source>Replace…</source>
        <translation>Ersetzen…</translation>
    </message>
    <message>
        <source>Find and replace in the text</source>
        <translation>Im Text suchen und ersetzen</translation>
    </message>
    <message>
        <source>Format</source>
        <comment>a command</comment>
        <translation>Formatieren</translation>
    </message>
    <message>
        <source>Lay the selection, or the whole text, out anew</source>
        <translation>Die Auswahl oder den ganzen Text neu formatieren</translation>
    </message>
    <message>
        <source>Comment out or in</source>
        <translation>Ein- oder auskommentieren</translation>
    </message>
    <message>
        <source>Filter jobs</source>
        <translation>Aufträge filtern</translation>
    </message>
    <message>
        <source>Go to the filter box</source>
        <translation>Zum Filterfeld gehen</translation>
    </message>
    <message>
        <source>Next part</source>
        <translation>Nächster Bereich</translation>
    </message>
    <message>
        <source>Go on to the jobs, the details, the sources, the editor</source>
        <translation>Weiter zu den Aufträgen, den Details, den Quellen, dem Editor</translation>
    </message>
    <message>
        <source>Reconnect now</source>
        <translation>Jetzt neu verbinden</translation>
    </message>
    <message>
        <source>Try to connect at once</source>
        <translation>Sofort versuchen zu verbinden</translation>
    </message>
    <message>
        <source>Manage server…</source>
        <translation>Server verwalten…</translation>
    </message>
    <message>
        <source>Its people and tokens, and what they did</source>
        <translation>Seine Personen und Tokens, und was sie taten</translation>
    </message>
    <message>
        <source>How right the times were…</source>
        <translation>Wie gut die Zeiten stimmten …</translation>
    </message>
    <message>
        <source>Bars and times left, held against the end</source>
        <translation>Balken und Restzeiten, am Ende nachgeprüft</translation>
    </message>
    <message>
        <source>Preferences…</source>
        <translation>Einstellungen…</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Show last report…</source>
        <translation>Letzten Bericht zeigen…</translation>
    </message>
    <message>
        <source>What went wrong in Longwatch itself, to copy</source>
        <translation>Was in Longwatch selbst schiefgegangen ist, zum Kopieren</translation>
    </message>
    <message>
        <source>About Longwatch</source>
        <translation>Über Longwatch</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Work with</source>
        <translation>Arbeiten mit</translation>
    </message>
    <message>
        <source>Move to</source>
        <translation>Verschieben nach</translation>
    </message>
    <message>
        <source>Let another server run the selected jobs that wait</source>
        <translation>Ausgewählte Aufträge, die warten, einem anderen Server geben</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Query</source>
        <translation>&amp;Abfrage</translation>
    </message>
    <message>
        <source>&amp;Jobs</source>
        <translation>A&amp;ufträge</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>A&amp;nsicht</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>&amp;Server</source>
        <translation>&amp;Server</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message numerus="yes">
        <source>{some} of %n job(s) could not be cancelled: {detail}</source>
        <translation>
            <numerusform>{some} von %n Auftrag konnte nicht abgebrochen werden: {detail}</numerusform>
            <numerusform>{some} von %n Aufträgen konnten nicht abgebrochen werden: {detail}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{some} of %n job(s) could not be deleted: {detail}</source>
        <translation>
            <numerusform>{some} von %n Auftrag konnte nicht gelöscht werden: {detail}</numerusform>
            <numerusform>{some} von %n Aufträgen konnten nicht gelöscht werden: {detail}</numerusform>
        </translation>
    </message>
    <message>
        <source>Longwatch launches long queries and watches them finish.</source>
        <translation>Longwatch startet lange Abfragen und begleitet sie bis zum Ende.</translation>
    </message>
    <message>
        <source>Complete a word</source>
        <translation>Ein Wort vervollständigen</translation>
    </message>
    <message>
        <source>Ctrl+Space</source>
        <translation>Strg+Leertaste</translation>
    </message>
    <message>
        <source>Rows of the selected job</source>
        <translation>Zeilen des ausgewählten Auftrags</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Copy the selected jobs</source>
        <translation>Die ausgewählten Aufträge kopieren</translation>
    </message>
    <message>
        <source>Ctrl+C</source>
        <translation>Strg+C</translation>
    </message>
    <message>
        <source>Delete the selected jobs</source>
        <translation>Die ausgewählten Aufträge löschen</translation>
    </message>
    <message>
        <source>Delete</source>
        <comment>key</comment>
        <translation>Entf</translation>
    </message>
    <message>
        <source>Quit Longwatch?</source>
        <translation>Longwatch beenden?</translation>
    </message>
    <message>
        <source>It can go on without the window, and will be here at the next start.</source>
        <translation>Sie kann ohne das Fenster weiterlaufen und ist beim nächsten Start wieder hier.</translation>
    </message>
    <message>
        <source>They can go on without the window, and will be here at the next start.</source>
        <translation>Sie können ohne das Fenster weiterlaufen und sind beim nächsten Start wieder hier.</translation>
    </message>
    <message>
        <source>Keep it running</source>
        <translation>Weiterlaufen lassen</translation>
    </message>
    <message>
        <source>Keep them running</source>
        <translation>Weiterlaufen lassen</translation>
    </message>
    <message>
        <source>Cancel it and quit</source>
        <translation>Abbrechen und beenden</translation>
    </message>
    <message>
        <source>Cancel them and quit</source>
        <translation>Alle abbrechen und beenden</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>Bleiben</translation>
    </message>
    <message>
        <source>1 query is running.</source>
        <translation>1 Abfrage läuft.</translation>
    </message>
    <message numerus="yes">
        <source>%n queries are running.</source>
        <translation>
            <numerusform>%n Abfrage läuft.</numerusform>
            <numerusform>%n Abfragen laufen.</numerusform>
        </translation>
    </message>
    <message>
        <source>1 is waiting.</source>
        <translation>1 Abfrage wartet.</translation>
    </message>
    <message numerus="yes">
        <source>%n are waiting.</source>
        <translation>
            <numerusform>%n Abfrage wartet.</numerusform>
            <numerusform>%n Abfragen warten.</numerusform>
        </translation>
    </message>
    <message>
        <source>1 query is running and 1 is waiting.</source>
        <translation>1 Abfrage läuft, und 1 wartet.</translation>
    </message>
    <message numerus="yes">
        <source>1 query is running and %n are waiting.</source>
        <translation>
            <numerusform>1 Abfrage läuft, und %n wartet.</numerusform>
            <numerusform>1 Abfrage läuft, und %n warten.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n queries are running and 1 is waiting.</source>
        <translation>
            <numerusform>%n Abfrage läuft, und 1 wartet.</numerusform>
            <numerusform>%n Abfragen laufen, und 1 wartet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n queries are running and {queued} are waiting.</source>
        <translation>
            <numerusform>%n Abfrage läuft, und {queued} warten.</numerusform>
            <numerusform>%n Abfragen laufen, und {queued} warten.</numerusform>
        </translation>
    </message>
    <message>
        <source>Keep it</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>keyword</source>
        <translation>Schlüsselwort</translation>
    </message>
    <message numerus="yes">
        <source>%n row(s)</source>
        <translation>
            <numerusform>%n Zeile</numerusform>
            <numerusform>%n Zeilen</numerusform>
        </translation>
    </message>
    <message>
        <source>Completions</source>
        <translation>Vorschläge</translation>
    </message>
    <message>
        <source>By what it looks like</source>
        <translation>Automatisch erkennen</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Number</source>
        <translation>Zahl</translation>
    </message>
    <message>
        <source>True or false</source>
        <translation>Wahrheitswert</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>Datum</translation>
    </message>
    <message>
        <source>Date and time</source>
        <translation>Datum und Uhrzeit</translation>
    </message>
    <message>
        <source>Name of a table or column</source>
        <translation>Name einer Tabelle oder Spalte</translation>
    </message>
    <message>
        <source>by what it looks like</source>
        <translation>automatisch erkannt</translation>
    </message>
    <message>
        <source>text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>number</source>
        <translation>Zahl</translation>
    </message>
    <message>
        <source>true or false</source>
        <translation>Wahrheitswert</translation>
    </message>
    <message>
        <source>date</source>
        <translation>Datum</translation>
    </message>
    <message>
        <source>date and time</source>
        <translation>Datum und Uhrzeit</translation>
    </message>
    <message>
        <source>name of a table or column</source>
        <translation>Name einer Tabelle oder Spalte</translation>
    </message>
    <message>
        <source>42 or some text</source>
        <translation>42 oder ein Text</translation>
    </message>
    <message>
        <source>some text</source>
        <translation>ein Text</translation>
    </message>
    <message>
        <source>:{name} must be a number, such as {example}; &apos;{text}&apos; is not.</source>
        <translation>:{name} muss eine Zahl sein, zum Beispiel {example}; „{text}“ ist keine.</translation>
    </message>
    <message>
        <source>:{name} must be a true or false, such as {example}; &apos;{text}&apos; is not.</source>
        <translation>:{name} muss ein Wahrheitswert sein, zum Beispiel {example}; „{text}“ ist keiner.</translation>
    </message>
    <message>
        <source>:{name} must be a date, such as {example}; &apos;{text}&apos; is not.</source>
        <translation>:{name} muss ein Datum sein, zum Beispiel {example}; „{text}“ ist keines.</translation>
    </message>
    <message>
        <source>:{name} must be a date and time, such as {example}; &apos;{text}&apos; is not.</source>
        <translation>:{name} muss aus Datum und Uhrzeit bestehen, zum Beispiel {example}; „{text}“ passt nicht.</translation>
    </message>
    <message>
        <source>Give :{name} a value.</source>
        <translation>Geben Sie :{name} einen Wert.</translation>
    </message>
    <message>
        <source>SQL (*.sql);;All files (*)</source>
        <translation>SQL (*.sql);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Open SQL</source>
        <translation>SQL öffnen</translation>
    </message>
    <message>
        <source>Save SQL</source>
        <translation>SQL speichern</translation>
    </message>
    <message>
        <source>{file} cannot be opened: {reason}.</source>
        <translation>{file} kann nicht geöffnet werden: {reason}.</translation>
    </message>
    <message>
        <source>{file} cannot be written: {reason}</source>
        <translation>{file} kann nicht geschrieben werden: {reason}</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Replace with</source>
        <translation>Ersetzen durch</translation>
    </message>
    <message>
        <source>Match upper and lower case</source>
        <translation>Groß- und Kleinschreibung beachten</translation>
    </message>
    <message>
        <source>Regular expression</source>
        <translation>Regulärer Ausdruck</translation>
    </message>
    <message>
        <source>Find previous (Shift+Enter)</source>
        <translation>Vorherigen Treffer suchen (Umschalt+Enter)</translation>
    </message>
    <message>
        <source>Find next (Enter)</source>
        <translation>Nächsten Treffer suchen (Enter)</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Replace this one</source>
        <translation>Diesen Treffer ersetzen</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Replace all</source>
        <translation>Alle ersetzen</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Schließen (Esc)</translation>
    </message>
    <message>
        <source>1 match</source>
        <translation>1 Treffer</translation>
    </message>
    <message numerus="yes">
        <source>%n matches</source>
        <translation>
            <numerusform>%n Treffer</numerusform>
            <numerusform>%n Treffer</numerusform>
        </translation>
    </message>
    <message>
        <source>1 match replaced</source>
        <translation>1 Treffer ersetzt</translation>
    </message>
    <message numerus="yes">
        <source>%n matches replaced</source>
        <translation>
            <numerusform>%n Treffer ersetzt</numerusform>
            <numerusform>%n Treffer ersetzt</numerusform>
        </translation>
    </message>
    <message>
        <source>Before running</source>
        <translation>Vor dem Ausführen</translation>
    </message>
    <message numerus="yes">
        <source>It is longer than %n characters; select a part of it.</source>
        <translation>
            <numerusform>Es ist länger als %n Zeichen; wählen Sie einen Teil davon aus.</numerusform>
            <numerusform>Es ist länger als %n Zeichen; wählen Sie einen Teil davon aus.</numerusform>
        </translation>
    </message>
    <message>
        <source>It would not have stayed the same query.</source>
        <translation>Es wäre nicht dieselbe Abfrage geblieben.</translation>
    </message>
    <message>
        <source>Untitled</source>
        <translation>Unbenannt</translation>
    </message>
    <message>
        <source>New tab (Ctrl+T)</source>
        <translation>Neuer Tab (Strg+T)</translation>
    </message>
    <message>
        <source>Close tab (Ctrl+W)</source>
        <translation>Tab schließen (Strg+W)</translation>
    </message>
    <message>
        <source>Close {title}</source>
        <translation>„{title}“ schließen</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>:{name}, a list, {kind}</source>
        <translation>:{name}, eine Liste, {kind}</translation>
    </message>
    <message>
        <source>:{name}, {kind}</source>
        <translation>:{name}, {kind}</translation>
    </message>
    <message>
        <source>Type of {name}</source>
        <translation>Typ von {name}</translation>
    </message>
    <message>
        <source>How the value is read</source>
        <translation>Wie der Wert gelesen wird</translation>
    </message>
    <message>
        <source>A list, with commas</source>
        <translation>Eine Liste, durch Kommas getrennt</translation>
    </message>
    <message>
        <source>auto</source>
        <translation>auto</translation>
    </message>
    <message>
        <source>time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>yes/no</source>
        <translation>true/false</translation>
    </message>
    <message>
        <source>{kind} list</source>
        <translation>{kind}, Liste</translation>
    </message>
    <message>
        <source>too complex for this text</source>
        <translation>zu aufwendig für diesen Text</translation>
    </message>
    <message numerus="yes">
        <source>%n row(s) last time</source>
        <translation>
            <numerusform>zuletzt %n Zeile</numerusform>
            <numerusform>zuletzt %n Zeilen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>the planner expects %n row(s)</source>
        <translation>
            <numerusform>der Planer erwartet %n Zeile</numerusform>
            <numerusform>der Planer erwartet %n Zeilen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n statement(s)</source>
        <translation>
            <numerusform>%n Anweisung</numerusform>
            <numerusform>%n Anweisungen</numerusform>
        </translation>
    </message>
    <message>
        <source>changes data</source>
        <translation>ändert Daten</translation>
    </message>
    <message>
        <source>~ less than a second, as before</source>
        <translation>~ unter einer Sekunde, wie bisher</translation>
    </message>
    <message>
        <source>~ {time}, as before</source>
        <translation>~ {time}, wie bisher</translation>
    </message>
    <message>
        <source>SQL editor</source>
        <translation>SQL-Editor</translation>
    </message>
    <message>
        <source>Write SQL here, then press Ctrl+Enter to run it.</source>
        <translation>Schreiben Sie hier SQL und führen Sie es mit Strg+Enter aus.</translation>
    </message>
    <message>
        <source>server {version} at {url}</source>
        <translation>Server {version} unter {url}</translation>
    </message>
    <message>
        <source>server none at {url}</source>
        <translation>Kein Server unter {url}</translation>
    </message>
    <message>
        <source>No news for {span}.</source>
        <translation>Seit {span} keine Nachricht.</translation>
    </message>
    <message>
        <source>Nothing has moved for {span}, but the engine is at work: sorting and grouping report nothing for long stretches.</source>
        <translation>Seit {span} bewegt sich nichts, aber die Engine arbeitet: Sortieren und Gruppieren melden lange Zeit nichts.</translation>
    </message>
    <message>
        <source>Nothing has moved for {span}, and the query&apos;s process neither computes nor reads: it waits for the database, for a lock or for a disk.</source>
        <translation>Seit {span} bewegt sich nichts, und der Prozess der Abfrage rechnet und liest nicht: Er wartet auf die Datenbank, eine Sperre oder eine Platte.</translation>
    </message>
    <message>
        <source>The query&apos;s process has not been heard of for {span}. It may hang; cancelling ends it.</source>
        <translation>Der Prozess der Abfrage hat sich seit {span} nicht gemeldet. Vielleicht hängt er; Abbrechen beendet ihn.</translation>
    </message>
    <message>
        <source>The engine has not reported how far it is.</source>
        <translation>Die Datenbank hat noch nicht gemeldet, wie weit sie ist.</translation>
    </message>
    <message>
        <source>Manage {server}</source>
        <translation>{server} verwalten</translation>
    </message>
    <message>
        <source>People and tokens</source>
        <translation>Personen und Tokens</translation>
    </message>
    <message>
        <source>Workers</source>
        <translation>Worker</translation>
    </message>
    <message>
        <source>What is kept</source>
        <translation>Was bleibt</translation>
    </message>
    <message>
        <source>What was done</source>
        <translation>Was geschah</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Tokens</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>Rolle</translation>
    </message>
    <message>
        <source>Begins with</source>
        <translation>Beginnt mit</translation>
    </message>
    <message>
        <source>Made</source>
        <translation>Ausgestellt</translation>
    </message>
    <message>
        <source>Last used</source>
        <translation>Zuletzt benutzt</translation>
    </message>
    <message>
        <source>Stands</source>
        <translation>Stand</translation>
    </message>
    <message>
        <source>New token…</source>
        <translation>Neues Token…</translation>
    </message>
    <message>
        <source>Revoke…</source>
        <translation>Widerrufen…</translation>
    </message>
    <message>
        <source>Let it in no more: what it has open ends at once</source>
        <translation>Nicht mehr einlassen: was offen ist, endet sofort</translation>
    </message>
    <message>
        <source>How right the times were</source>
        <translation>Wie gut die Zeiten stimmten</translation>
    </message>
    <message>
        <source>Queries</source>
        <translation>Abfragen</translation>
    </message>
    <message>
        <source>Had run before</source>
        <translation>Liefen zuvor</translation>
    </message>
    <message>
        <source>Bar off by, first</source>
        <translation>Balken daneben, zuerst</translation>
    </message>
    <message>
        <source>Bar off by, again</source>
        <translation>Balken daneben, wieder</translation>
    </message>
    <message>
        <source>Range was right</source>
        <translation>Spanne stimmte</translation>
    </message>
    <message>
        <source>Of the queries that have ended: how far the bar was from the share of the time that had passed, on average over the run, the first time and when the query had run before; and how much of the time the range of the time left held. That is to be 80&#xa0;%.</source>
        <translation>Von den beendeten Abfragen: wie weit der Balken vom Anteil der vergangenen Zeit abwich, im Mittel über den Lauf, beim ersten Mal und wenn die Abfrage zuvor schon lief; und wie oft die Spanne der Restzeit stimmte. Das sollen 80&#xa0;% sein.</translation>
    </message>
    <message>
        <source>Asking the server…</source>
        <translation>Der Server wird gefragt …</translation>
    </message>
    <message>
        <source>Nothing is known yet: no query that took half a second has ended.</source>
        <translation>Noch ist nichts bekannt: Keine Abfrage, die eine halbe Sekunde dauerte, ist zu Ende.</translation>
    </message>
    <message>
        <source>Nobody has a token yet. Make one for each person who is to work here.</source>
        <translation>Noch hat niemand ein Token. Stellen Sie jeder Person eines aus, die hier arbeiten soll.</translation>
    </message>
    <message>
        <source>Computer</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Queues</source>
        <translation>Warteschlangen</translation>
    </message>
    <message>
        <source>Heard of</source>
        <translation>Zuletzt gehört</translation>
    </message>
    <message>
        <source>This server carries its queries out itself. Started with --executor celery, it leaves them to workers.</source>
        <translation>Dieser Server führt seine Abfragen selbst aus. Mit --executor celery gestartet überlässt er sie Workern.</translation>
    </message>
    <message>
        <source>No worker has been heard of. Start one: longwatch worker --server … --broker …</source>
        <translation>Von keinem Worker war etwas zu hören. Starten Sie einen: longwatch worker --server … --broker …</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>Wer</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>To what</source>
        <translation>Woran</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Older</source>
        <translation>Ältere</translation>
    </message>
    <message>
        <source>Nothing was done yet that is worth a line here.</source>
        <translation>Noch geschah nichts, was hier eine Zeile wert wäre.</translation>
    </message>
    <message>
        <source>gone</source>
        <translation>fort</translation>
    </message>
    <message>
        <source>takes no more</source>
        <translation>nimmt nichts mehr an</translation>
    </message>
    <message>
        <source>there</source>
        <translation>da</translation>
    </message>
    <message>
        <source>{running} of {most}</source>
        <translation>{running} von {most}</translation>
    </message>
    <message>
        <source>revoked</source>
        <translation>widerrufen</translation>
    </message>
    <message>
        <source>expired</source>
        <translation>abgelaufen</translation>
    </message>
    <message>
        <source>good until {when}</source>
        <translation>gültig bis {when}</translation>
    </message>
    <message>
        <source>good</source>
        <translation>gültig</translation>
    </message>
    <message>
        <source>never</source>
        <translation>nie</translation>
    </message>
    <message>
        <source>By what the engine measures; this query has not run here before.</source>
        <translation>Nach dem, was die Engine misst; diese Abfrage lief hier noch nie.</translation>
    </message>
    <message>
        <source>By earlier runs; the engine itself reports nothing.</source>
        <translation>Nach früheren Läufen; die Engine selbst meldet nichts.</translation>
    </message>
    <message>
        <source>By what the engine measures, read by the light of earlier runs.</source>
        <translation>Nach dem, was die Engine misst, im Licht früherer Läufe gelesen.</translation>
    </message>
    <message>
        <source>The engine is at work, but this plan cannot report progress.</source>
        <translation>Die Engine arbeitet, aber dieser Plan kann keinen Fortschritt melden.</translation>
    </message>
    <message>
        <source>Left: {span}, right in 8 of 10 cases.</source>
        <translation>Noch {span}; das stimmt in 8 von 10 Fällen.</translation>
    </message>
    <message>
        <source>What the query is called, or how it begins</source>
        <translation>Wie die Abfrage heißt oder wie sie beginnt</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>How far it is, and in which phase</source>
        <translation>Wie weit sie ist und in welcher Phase</translation>
    </message>
    <message>
        <source>Left</source>
        <translation>Restzeit</translation>
    </message>
    <message>
        <source>How much longer it takes, as a range</source>
        <translation>Wie lange es noch dauert, als Spanne</translation>
    </message>
    <message>
        <source>Elapsed</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>How long it has run</source>
        <translation>Wie lange sie läuft oder lief</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>Zeilen</translation>
    </message>
    <message>
        <source>Rows of the result, so far or in all</source>
        <translation>Zeilen des Ergebnisses, bisher oder insgesamt</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Memory of the query&apos;s process</source>
        <translation>Arbeitsspeicher des Prozesses der Abfrage</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>What it runs against</source>
        <translation>Worauf sie ausgeführt wird</translation>
    </message>
    <message>
        <source>Owner</source>
        <translation>Besitzer</translation>
    </message>
    <message>
        <source>Who submitted it</source>
        <translation>Wer sie abgeschickt hat</translation>
    </message>
    <message>
        <source>Submitted</source>
        <translation>Abgeschickt</translation>
    </message>
    <message>
        <source>When it was submitted</source>
        <translation>Wann sie abgeschickt wurde</translation>
    </message>
    <message>
        <source>Finished</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>When it ended</source>
        <translation>Wann sie zu Ende war</translation>
    </message>
    <message>
        <source>Delete jobs?</source>
        <translation>Aufträge löschen?</translation>
    </message>
    <message>
        <source>Delete job?</source>
        <translation>Auftrag löschen?</translation>
    </message>
    <message>
        <source>Its result and its log go with it.</source>
        <translation>Sein Ergebnis und sein Protokoll werden mit gelöscht.</translation>
    </message>
    <message>
        <source>No job that is meant runs or waits.</source>
        <translation>Kein passender Auftrag läuft oder wartet.</translation>
    </message>
    <message>
        <source>No job that is meant is over.</source>
        <translation>Kein passender Auftrag ist beendet.</translation>
    </message>
    <message>
        <source>Their results and logs go with them.</source>
        <translation>Ihre Ergebnisse und Protokolle werden mit gelöscht.</translation>
    </message>
    <message>
        <source>Cancel jobs?</source>
        <translation>Aufträge abbrechen?</translation>
    </message>
    <message>
        <source>Cancel them</source>
        <translation>Abbrechen</translation>
    </message>
    <message numerus="yes">
        <source>Cancel the %n job(s) that match the filter?</source>
        <translation>
            <numerusform>Den Auftrag abbrechen, der zum Filter passt?</numerusform>
            <numerusform>Die %n Aufträge abbrechen, die zum Filter passen?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Cancel all %n job(s) that run or wait?</source>
        <translation>
            <numerusform>Den einen Auftrag abbrechen, der läuft oder wartet?</numerusform>
            <numerusform>Alle %n Aufträge abbrechen, die laufen oder warten?</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete what is older?</source>
        <translation>Älteres löschen?</translation>
    </message>
    <message numerus="yes">
        <source>They ended more than %n day(s) ago. This cannot be undone.</source>
        <translation>
            <numerusform>Sie endeten vor mehr als einem Tag. Das lässt sich nicht rückgängig machen.</numerusform>
            <numerusform>Sie endeten vor mehr als %n Tagen. Das lässt sich nicht rückgängig machen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Keep them</source>
        <translation>Behalten</translation>
    </message>
    <message numerus="yes">
        <source>Delete the %n job(s) over that match the filter?</source>
        <translation>
            <numerusform>Den beendeten Auftrag löschen, der zum Filter passt?</numerusform>
            <numerusform>Die %n beendeten Aufträge löschen, die zum Filter passen?</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Delete all %n job(s) that are over?</source>
        <translation>
            <numerusform>Den einen beendeten Auftrag löschen?</numerusform>
            <numerusform>Alle %n beendeten Aufträge löschen?</numerusform>
        </translation>
    </message>
    <message>
        <source>These are the ones loaded here: a server cannot look for all of this filter.</source>
        <translation>Das sind die hier geladenen: Nicht nach allem in diesem Filter kann ein Server suchen.</translation>
    </message>
    <message>
        <source>Leave them</source>
        <translation>So lassen</translation>
    </message>
    <message numerus="yes">
        <source>%n job(s) told to end.</source>
        <translation>
            <numerusform>Ein Auftrag wird beendet.</numerusform>
            <numerusform>%n Aufträge werden beendet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n job(s) deleted.</source>
        <translation>
            <numerusform>Ein Auftrag gelöscht.</numerusform>
            <numerusform>%n Aufträge gelöscht.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Cancelling: {done} of %n job(s)…</source>
        <translation>
            <numerusform>Bricht ab: {done} von %n Auftrag…</numerusform>
            <numerusform>Bricht ab: {done} von %n Aufträgen…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Deleting: {done} of %n job(s)…</source>
        <translation>
            <numerusform>Löscht: {done} von %n Auftrag…</numerusform>
            <numerusform>Löscht: {done} von %n Aufträgen…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Delete %n jobs that are over?</source>
        <translation>
            <numerusform>%n beendeten Auftrag löschen?</numerusform>
            <numerusform>%n beendete Aufträge löschen?</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete “{name}”?</source>
        <translation>„{name}“ löschen?</translation>
    </message>
    <message>
        <source>Write a query above, or open a saved one on the left, then press Run (Ctrl+Enter) and watch it here.</source>
        <translation>Schreiben Sie oben eine Abfrage oder öffnen Sie links eine gespeicherte, drücken Sie dann „Ausführen“ (Strg+Eingabe) und verfolgen Sie sie hier.</translation>
    </message>
    <message>
        <source>Loading jobs…</source>
        <translation>Aufträge werden geladen…</translation>
    </message>
    <message>
        <source>There is no server to show jobs of.</source>
        <translation>Es gibt keinen Server, dessen Aufträge zu zeigen wären.</translation>
    </message>
    <message>
        <source>No job matches</source>
        <translation>Kein Auftrag passt</translation>
    </message>
    <message>
        <source>Clear the filter to see them all.</source>
        <translation>Leeren Sie den Filter, um alle zu sehen.</translation>
    </message>
    <message>
        <source>No jobs yet</source>
        <translation>Noch keine Aufträge</translation>
    </message>
    <message>
        <source>Running</source>
        <translation>Laufend</translation>
    </message>
    <message>
        <source>Queued</source>
        <translation>Wartend</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Abgebrochen</translation>
    </message>
    <message>
        <source>Words are looked for in names and SQL. Also:
state:failed,running   source:sample   user:ann   mine:
older:1d   newer:2h   longer:30s   &quot;two words&quot;   -without</source>
        <translation>Wörter werden in Namen und SQL gesucht. Außerdem:
state:failed,running   source:sample   user:ann   mine:
older:1d   newer:2h   longer:30s   &quot;zwei Wörter&quot;   -ohne</translation>
    </message>
    <message>
        <source>Mine</source>
        <translation>Eigene</translation>
    </message>
    <message>
        <source>Only what you have submitted</source>
        <translation>Nur was Sie abgeschickt haben</translation>
    </message>
    <message numerus="yes">
        <source>Showing {shown} of %n job(s)</source>
        <translation>
            <numerusform>{shown} von %n Auftrag</numerusform>
            <numerusform>{shown} von %n Aufträgen</numerusform>
        </translation>
    </message>
    <message>
        <source>Older jobs are searched</source>
        <translation>Ältere Aufträge werden durchsucht</translation>
    </message>
    <message>
        <source>Showing {shown} of 1 match</source>
        <translation>{shown} von 1 Treffer</translation>
    </message>
    <message numerus="yes">
        <source>Showing {shown} of %n matches</source>
        <translation>
            <numerusform>{shown} von %n Treffer</numerusform>
            <numerusform>{shown} von %n Treffern</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{matches} among the newest {seen} of %n job(s)</source>
        <translation>
            <numerusform>{matches} unter den neuesten {seen} von %n Auftrag</numerusform>
            <numerusform>{matches} unter den neuesten {seen} von %n Aufträgen</numerusform>
        </translation>
    </message>
    <message>
        <source>Older jobs are missing</source>
        <translation>Ältere Aufträge fehlen</translation>
    </message>
    <message>
        <source>{story}. Filter them to find older ones.</source>
        <translation>{story}. Filtern Sie, um ältere zu finden.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Load older</source>
        <translation>Ältere laden</translation>
    </message>
    <message>
        <source>Search older</source>
        <translation>Ältere durchsuchen</translation>
    </message>
    <message>
        <source>Older ones could not be loaded: {error}</source>
        <translation>Ältere konnten nicht geladen werden: {error}</translation>
    </message>
    <message>
        <source>{story} · loading…</source>
        <translation>{story} · wird geladen…</translation>
    </message>
    <message>
        <source>Jobs</source>
        <translation>Aufträge</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Person</translation>
    </message>
    <message>
        <source>Results</source>
        <translation>Ergebnisse</translation>
    </message>
    <message>
        <source>Size of results</source>
        <translation>Größe der Ergebnisse</translation>
    </message>
    <message>
        <source>What to delete</source>
        <translation>Was zu löschen ist</translation>
    </message>
    <message>
        <source>results</source>
        <translation>Ergebnisse</translation>
    </message>
    <message>
        <source>jobs and their results</source>
        <translation>Aufträge und ihre Ergebnisse</translation>
    </message>
    <message>
        <source>Older than</source>
        <translation>Älter als</translation>
    </message>
    <message>
        <source>Count them</source>
        <translation>Zählen</translation>
    </message>
    <message>
        <source>How many that are; nothing is deleted yet</source>
        <translation>Wie viel das ist; noch wird nichts gelöscht</translation>
    </message>
    <message>
        <source>older than</source>
        <translation>älter als</translation>
    </message>
    <message>
        <source>Results were counted: {when}</source>
        <translation>Ergebnisse gezählt: {when}</translation>
    </message>
    <message>
        <source>All together</source>
        <translation>Alle zusammen</translation>
    </message>
    <message>
        <source>There are no jobs yet, and nothing takes up room.</source>
        <translation>Noch gibt es keine Aufträge, und nichts belegt Platz.</translation>
    </message>
    <message>
        <source>The server looks through all results…</source>
        <translation>Der Server sieht alle Ergebnisse durch …</translation>
    </message>
    <message>
        <source>Jobs stay in the list and say that their result was removed.</source>
        <translation>Die Aufträge bleiben in der Liste und sagen, dass ihr Ergebnis entfernt wurde.</translation>
    </message>
    <message>
        <source>Jobs that wait or run stay. What is deleted cannot be brought back.</source>
        <translation>Aufträge, die warten oder laufen, bleiben. Was gelöscht ist, kommt nicht wieder.</translation>
    </message>
    <message>
        <source>Nothing was deleted: nothing is that old.</source>
        <translation>Es wurde nichts gelöscht: Nichts ist so alt.</translation>
    </message>
    <message>
        <source>Nothing is that old.</source>
        <translation>Nichts ist so alt.</translation>
    </message>
    <message numerus="yes">
        <source>%n result(s)</source>
        <translation>
            <numerusform>%n Ergebnis</numerusform>
            <numerusform>%n Ergebnisse</numerusform>
        </translation>
    </message>
    <message>
        <source>{jobs} with {results}, {size}, were deleted.</source>
        <translation>Gelöscht: {jobs} mit {results}, {size}.</translation>
    </message>
    <message>
        <source>{jobs} with {results}, {size}, would be deleted.</source>
        <translation>Zu löschen wären {jobs} mit {results}, {size}.</translation>
    </message>
    <message numerus="yes">
        <source>%n job(s)</source>
        <translation>
            <numerusform>%n Auftrag</numerusform>
            <numerusform>%n Aufträge</numerusform>
        </translation>
    </message>
    <message>
        <source>{results}, {size}, were deleted.</source>
        <translation>Gelöscht: {results}, {size}.</translation>
    </message>
    <message>
        <source>{results}, {size}, would be deleted.</source>
        <translation>Zu löschen wären {results}, {size}.</translation>
    </message>
    <message>
        <source>Columns of the jobs</source>
        <translation>Spalten der Aufträge</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>The SQL cannot be laid out: {reason}</source>
        <translation>Das SQL lässt sich nicht formatieren: {reason}</translation>
    </message>
    <message>
        <source>There is nothing to run yet: write a query, or open a saved one.</source>
        <translation>Es gibt noch nichts auszuführen: Schreiben Sie eine Abfrage oder öffnen Sie eine gespeicherte.</translation>
    </message>
    <message>
        <source>The settings in {path} cannot be read: {error}. Mend the file, or move it away.</source>
        <translation>Die Einstellungen in {path} lassen sich nicht lesen: {error}. Reparieren Sie die Datei, oder verschieben Sie sie.</translation>
    </message>
    <message>
        <source>There is no filter “{word}:”. Did you mean “{other}:”?</source>
        <translation>Einen Filter „{word}:“ gibt es nicht. Meinten Sie „{other}:“?</translation>
    </message>
    <message>
        <source>There is no filter “{word}:”. There are {known}.</source>
        <translation>Einen Filter „{word}:“ gibt es nicht. Es gibt {known}.</translation>
    </message>
    <message>
        <source>“mine:” takes no value.</source>
        <translation>„mine:“ hat keinen Wert.</translation>
    </message>
    <message>
        <source>“{word}:” needs a value, as in “{example}”.</source>
        <translation>„{word}:“ braucht einen Wert, wie in „{example}“.</translation>
    </message>
    <message>
        <source>“{word}” is no state. There are {known}.</source>
        <translation>„{word}“ ist kein Zustand. Es gibt {known}.</translation>
    </message>
    <message>
        <source>“{word}” is no state. Did you mean “{other}”?</source>
        <translation>„{word}“ ist kein Zustand. Meinten Sie „{other}“?</translation>
    </message>
    <message>
        <source>“{word}:” cannot be negated; use “{other}:”.</source>
        <translation>„{word}:“ lässt sich nicht verneinen; verwenden Sie „{other}:“.</translation>
    </message>
    <message>
        <source>“{word}:” takes one duration, as in “{example}”.</source>
        <translation>„{word}:“ hat genau eine Dauer, wie in „{example}“.</translation>
    </message>
    <message>
        <source>“{word}” is no duration. Write it as 30s, 15m, 2h, 1d or 1w, as in “{example}”.</source>
        <translation>„{word}“ ist keine Dauer. Schreiben Sie 30s, 15m, 2h, 1d oder 1w, wie in „{example}“.</translation>
    </message>
    <message>
        <source>queued</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>running</source>
        <translation>läuft</translation>
    </message>
    <message>
        <source>succeeded</source>
        <translation>fertig</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>fehlgeschlagen</translation>
    </message>
    <message>
        <source>cancelled</source>
        <translation>abgebrochen</translation>
    </message>
    <message>
        <source>lost</source>
        <translation>verloren</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>startet</translation>
    </message>
    <message>
        <source>connecting</source>
        <translation>verbindet</translation>
    </message>
    <message>
        <source>planning</source>
        <translation>plant</translation>
    </message>
    <message>
        <source>executing</source>
        <translation>führt aus</translation>
    </message>
    <message>
        <source>writing</source>
        <translation>schreibt</translation>
    </message>
    <message>
        <source>done</source>
        <translation>fertig</translation>
    </message>
    <message>
        <source>cancelling</source>
        <translation>wird abgebrochen</translation>
    </message>
    <message>
        <source>cancelled, not confirmed</source>
        <translation>abgebrochen, nicht bestätigt</translation>
    </message>
    <message>
        <source>Jan</source>
        <translation>Jan.</translation>
    </message>
    <message>
        <source>Feb</source>
        <translation>Feb.</translation>
    </message>
    <message>
        <source>Mar</source>
        <translation>März</translation>
    </message>
    <message>
        <source>Apr</source>
        <translation>Apr.</translation>
    </message>
    <message>
        <source>May</source>
        <translation>Mai</translation>
    </message>
    <message>
        <source>Jun</source>
        <translation>Juni</translation>
    </message>
    <message>
        <source>Jul</source>
        <translation>Juli</translation>
    </message>
    <message>
        <source>Aug</source>
        <translation>Aug.</translation>
    </message>
    <message>
        <source>Sep</source>
        <translation>Sept.</translation>
    </message>
    <message>
        <source>Oct</source>
        <translation>Okt.</translation>
    </message>
    <message>
        <source>Nov</source>
        <translation>Nov.</translation>
    </message>
    <message>
        <source>Dec</source>
        <translation>Dez.</translation>
    </message>
    <message>
        <source>{number}st</source>
        <translation>{number}.</translation>
    </message>
    <message>
        <source>{number}nd</source>
        <translation>{number}.</translation>
    </message>
    <message>
        <source>{number}rd</source>
        <translation>{number}.</translation>
    </message>
    <message>
        <source>{number}th</source>
        <translation>{number}.</translation>
    </message>
    <message>
        <source>failed: {message}</source>
        <translation>fehlgeschlagen: {message}</translation>
    </message>
    <message>
        <source>lost: {message}</source>
        <translation>verloren: {message}</translation>
    </message>
    <message>
        <source>queued · next in line</source>
        <translation>wartet · als Nächstes an der Reihe</translation>
    </message>
    <message>
        <source>queued · {place} in line</source>
        <translation>wartet · an {place} Stelle</translation>
    </message>
    <message>
        <source>{number} of {total} · {phase}</source>
        <translation>{number} von {total} · {phase}</translation>
    </message>
    <message>
        <source>at work, no news for {span}</source>
        <translation>arbeitet, seit {span} nichts Neues</translation>
    </message>
    <message>
        <source>waiting for {span}</source>
        <translation>wartet seit {span}</translation>
    </message>
    <message>
        <source>silent for {span}</source>
        <translation>seit {span} still</translation>
    </message>
    <message>
        <source>this plan cannot report progress</source>
        <translation>dieser Plan kann keinen Fortschritt melden</translation>
    </message>
    <message>
        <source>no news for {span}</source>
        <translation>seit {span} keine Nachricht</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} s</translation>
    </message>
    <message>
        <source>{minutes} min</source>
        <translation>{minutes} min</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours} h {minutes} min</translation>
    </message>
    <message>
        <source>{hours} h</source>
        <translation>{hours} h</translation>
    </message>
    <message numerus="yes">
        <source>%n d</source>
        <translation>
            <numerusform>%n Tag</numerusform>
            <numerusform>%n Tagen</numerusform>
        </translation>
    </message>
    <message>
        <source>yesterday {time}</source>
        <translation>gestern {time}</translation>
    </message>
    <message>
        <source>today {time}</source>
        <translation>heute {time}</translation>
    </message>
    <message>
        <source>{day} {month}</source>
        <translation>{day}. {month}</translation>
    </message>
    <message>
        <source>{day} {month} {year}</source>
        <translation>{day}. {month} {year}</translation>
    </message>
    <message>
        <source>{number} k</source>
        <translation>{number} Tsd.</translation>
    </message>
    <message>
        <source>{number} M</source>
        <translation>{number} Mio.</translation>
    </message>
    <message>
        <source>{number} bn</source>
        <translation>{number} Mrd.</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>Done: {name}</source>
        <translation>Fertig: {name}</translation>
    </message>
    <message>
        <source>Failed: {name}</source>
        <translation>Fehlgeschlagen: {name}</translation>
    </message>
    <message>
        <source>Cancelled: {name}</source>
        <translation>Abgebrochen: {name}</translation>
    </message>
    <message>
        <source>Lost: {name}</source>
        <translation>Verloren: {name}</translation>
    </message>
    <message numerus="yes">
        <source>It took {duration}, %n row(s).</source>
        <translation>
            <numerusform>Dauer {duration}, %n Zeile.</numerusform>
            <numerusform>Dauer {duration}, %n Zeilen.</numerusform>
        </translation>
    </message>
    <message>
        <source>It took {duration}.</source>
        <translation>Dauer {duration}.</translation>
    </message>
    <message numerus="yes">
        <source>%n queries ended, {failed} of them badly</source>
        <translation>
            <numerusform>%n Abfrage beendet, {failed} davon nicht erfolgreich</numerusform>
            <numerusform>%n Abfragen beendet, {failed} davon nicht erfolgreich</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n queries ended</source>
        <translation>
            <numerusform>%n Abfrage beendet</numerusform>
            <numerusform>%n Abfragen beendet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>und %n weitere</numerusform>
            <numerusform>und %n weitere</numerusform>
        </translation>
    </message>
    <message>
        <source>Show Longwatch</source>
        <translation>Longwatch zeigen</translation>
    </message>
    <message numerus="yes">
        <source>Longwatch · %n running</source>
        <translation>
            <numerusform>Longwatch · %n läuft</numerusform>
            <numerusform>Longwatch · %n laufen</numerusform>
        </translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>This computer&apos;s server</source>
        <translation>Server dieses Computers</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>From the next start on.</source>
        <translation>Ab dem nächsten Start.</translation>
    </message>
    <message>
        <source>Tell me of queries that ran for at least</source>
        <translation>Abfragen melden, die mindestens so lange liefen:</translation>
    </message>
    <message>
        <source> s</source>
        <translation> s</translation>
    </message>
    <message>
        <source>Seconds</source>
        <translation>Sekunden</translation>
    </message>
    <message>
        <source>Only while the window is not in front; several together are one message.</source>
        <translation>Nur solange das Fenster nicht vorn ist; mehrere zusammen sind eine Meldung.</translation>
    </message>
    <message>
        <source>Notifications</source>
        <translation>Benachrichtigungen</translation>
    </message>
    <message>
        <source>Data folder</source>
        <translation>Datenordner</translation>
    </message>
    <message>
        <source>Queries at once</source>
        <translation>Gleichzeitige Abfragen</translation>
    </message>
    <message>
        <source>Queries of one person at once</source>
        <translation>Gleichzeitige Abfragen einer Person</translation>
    </message>
    <message>
        <source>Jobs that may wait</source>
        <translation>Aufträge, die warten dürfen</translation>
    </message>
    <message>
        <source>Jobs of one person that may wait</source>
        <translation>Aufträge einer Person, die warten dürfen</translation>
    </message>
    <message>
        <source>Disk a query may spill to</source>
        <translation>Festplatte, auf die eine Abfrage auslagert</translation>
    </message>
    <message>
        <source>Rows of a result</source>
        <translation>Zeilen eines Ergebnisses</translation>
    </message>
    <message>
        <source>Size of a result</source>
        <translation>Größe eines Ergebnisses</translation>
    </message>
    <message>
        <source>Tries of a query that only reads</source>
        <translation>Versuche einer Abfrage, die nur liest</translation>
    </message>
    <message>
        <source>Wait before the second try</source>
        <translation>Wartezeit vor dem zweiten Versuch</translation>
    </message>
    <message>
        <source>Room for what one person keeps</source>
        <translation>Platz für das, was eine Person behält</translation>
    </message>
    <message>
        <source>Room for results, until new jobs are refused</source>
        <translation>Platz für Ergebnisse, bis neue Jobs abgelehnt werden</translation>
    </message>
    <message>
        <source>Jobs that are kept</source>
        <translation>Aufträge, die bleiben</translation>
    </message>
    <message>
        <source>Remember runs</source>
        <translation>Läufe merken</translation>
    </message>
    <message>
        <source>Runs that are remembered</source>
        <translation>Läufe, die gemerkt werden</translation>
    </message>
    <message>
        <source>Size of an uploaded file</source>
        <translation>Größe einer hochgeladenen Datei</translation>
    </message>
    <message>
        <source>Windows and programs that follow jobs</source>
        <translation>Fenster und Programme, die Aufträgen folgen</translation>
    </message>
    <message>
        <source>Those of one person</source>
        <translation>Die einer Person</translation>
    </message>
    <message>
        <source>Keys of submits are remembered</source>
        <translation>Schlüssel von Aufträgen werden gemerkt</translation>
    </message>
    <message>
        <source>Wait for running queries at the end</source>
        <translation>Wartezeit auf laufende Abfragen am Ende</translation>
    </message>
    <message>
        <source>Silence of a worker until it is given up</source>
        <translation>Schweigen eines Workers, bis er aufgegeben wird</translation>
    </message>
    <message>
        <source>How much</source>
        <translation>Wie viel</translation>
    </message>
    <message>
        <source>Where from</source>
        <translation>Woher</translation>
    </message>
    <message>
        <source>The server tells of no limits.</source>
        <translation>Der Server nennt keine Grenzen.</translation>
    </message>
    <message>
        <source>These hold since the start of the server. Choose one to see how it can be changed.</source>
        <translation>Diese gelten seit dem Start des Servers. Wählen Sie eine aus, um zu sehen, wie sie geändert wird.</translation>
    </message>
    <message>
        <source>An argument set it when the server was started. Start it again with another value of {name}.</source>
        <translation>Ein Argument beim Start des Servers hat sie gesetzt. Starten Sie ihn mit einem anderen Wert für {name} neu.</translation>
    </message>
    <message>
        <source>The variable {variable} of the server&apos;s environment sets it. Change it there, and start the server again.</source>
        <translation>Die Umgebungsvariable {variable} des Servers setzt sie. Ändern Sie sie dort und starten Sie den Server neu.</translation>
    </message>
    <message>
        <source>To change it, open the preferences, This computer&apos;s server.</source>
        <translation>Zum Ändern öffnen Sie die Einstellungen, Server dieses Computers.</translation>
    </message>
    <message>
        <source>To change it, set {name} in {file} on the server&apos;s machine, or {variable} in its environment, and start the server again.</source>
        <translation>Zum Ändern setzen Sie {name} in {file} auf dem Rechner des Servers oder {variable} in seiner Umgebung und starten den Server neu.</translation>
    </message>
    <message>
        <source>an argument</source>
        <translation>Argument</translation>
    </message>
    <message>
        <source>the environment</source>
        <translation>Umgebung</translation>
    </message>
    <message>
        <source>its file</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>as it comes</source>
        <translation>Voreinstellung</translation>
    </message>
    <message>
        <source>for ever</source>
        <translation>für immer</translation>
    </message>
    <message>
        <source>no limit</source>
        <translation>ohne Grenze</translation>
    </message>
    <message>
        <source>no uploads</source>
        <translation>keine</translation>
    </message>
    <message numerus="yes">
        <source>%n day(s)</source>
        <translation>
            <numerusform>%n Tag</numerusform>
            <numerusform>%n Tage</numerusform>
        </translation>
    </message>
    <message>
        <source>{number} days</source>
        <translation>{number} Tage</translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s)</source>
        <translation>
            <numerusform>%n Stunde</numerusform>
            <numerusform>%n Stunden</numerusform>
        </translation>
    </message>
    <message>
        <source>{number} hours</source>
        <translation>{number} Stunden</translation>
    </message>
    <message>
        <source>As it comes (2)</source>
        <translation>Voreinstellung (2)</translation>
    </message>
    <message>
        <source>Memory of a query</source>
        <translation>Speicher einer Abfrage</translation>
    </message>
    <message>
        <source> MB</source>
        <translation> MB</translation>
    </message>
    <message>
        <source>As the machine has</source>
        <translation>Je nach Computer</translation>
    </message>
    <message>
        <source>Threads of a query</source>
        <translation>Threads einer Abfrage</translation>
    </message>
    <message>
        <source>All cores</source>
        <translation>Alle Kerne</translation>
    </message>
    <message>
        <source>Longest run</source>
        <translation>Längste Laufzeit</translation>
    </message>
    <message>
        <source> min</source>
        <translation> min</translation>
    </message>
    <message>
        <source>Any</source>
        <translation>Beliebig</translation>
    </message>
    <message>
        <source>Keep results</source>
        <translation>Ergebnisse aufbewahren</translation>
    </message>
    <message>
        <source>Analyst</source>
        <translation>Analyst</translation>
    </message>
    <message>
        <source>Runs queries, and has jobs of its own.</source>
        <translation>Startet Abfragen und hat eigene Aufträge.</translation>
    </message>
    <message>
        <source>Viewer</source>
        <translation>Betrachter</translation>
    </message>
    <message>
        <source>Sees jobs and results, and changes nothing.</source>
        <translation>Sieht Aufträge und Ergebnisse und ändert nichts.</translation>
    </message>
    <message>
        <source>Admin</source>
        <translation>Admin</translation>
    </message>
    <message>
        <source>May do everything, others&apos; jobs included.</source>
        <translation>Darf alles, auch mit Aufträgen anderer.</translation>
    </message>
    <message>
        <source>Worker</source>
        <translation>Worker</translation>
    </message>
    <message>
        <source>Is for a machine that carries out queries, and good for nothing else.</source>
        <translation>Ist für einen Rechner, der Abfragen ausführt, und taugt zu nichts anderem.</translation>
    </message>
    <message>
        <source>New token</source>
        <translation>Neues Token</translation>
    </message>
    <message>
        <source>Name of the person</source>
        <translation>Name der Person</translation>
    </message>
    <message>
        <source>Its jobs are listed under this name</source>
        <translation>Unter diesem Namen stehen die Aufträge</translation>
    </message>
    <message>
        <source>Days until it expires</source>
        <translation>Tage bis zum Ablauf</translation>
    </message>
    <message>
        <source> days</source>
        <translation> Tage</translation>
    </message>
    <message>
        <source>Until it is revoked</source>
        <translation>Bis zum Widerruf</translation>
    </message>
    <message>
        <source>&amp;Role</source>
        <translation>&amp;Rolle</translation>
    </message>
    <message>
        <source>&amp;Good for</source>
        <translation>&amp;Gültig für</translation>
    </message>
    <message>
        <source>Make token</source>
        <translation>Token ausstellen</translation>
    </message>
    <message>
        <source>Copy it now, and pass it on as you would a password: nobody can look it up later. If it is lost, revoke it and make another.</source>
        <translation>Kopieren Sie es jetzt und geben Sie es weiter wie ein Passwort: Später kann niemand mehr nachsehen. Geht es verloren, widerrufen Sie es und stellen ein neues aus.</translation>
    </message>
    <message>
        <source>The token of {name}:</source>
        <translation>Das Token von {name}:</translation>
    </message>
    <message>
        <source>As it comes (30 days)</source>
        <translation>Voreinstellung (30 Tage)</translation>
    </message>
    <message>
        <source>Room for results</source>
        <translation>Platz für Ergebnisse</translation>
    </message>
    <message>
        <source> GB</source>
        <translation> GB</translation>
    </message>
    <message>
        <source>A fifth of the disk</source>
        <translation>Ein Fünftel des Datenträgers</translation>
    </message>
    <message>
        <source>Keep jobs</source>
        <translation>Aufträge aufbewahren</translation>
    </message>
    <message>
        <source>As it comes (1,000,000)</source>
        <translation>Voreinstellung (1.000.000)</translation>
    </message>
    <message>
        <source>What you change here counts from the next start of the server on; it is kept in config.toml in the data folder.</source>
        <translation>Was Sie hier ändern, gilt ab dem nächsten Start des Servers; es steht in config.toml im Datenordner.</translation>
    </message>
    <message>
        <source>Longwatch lost its server by a mistake of its own, and connects again in a moment. Queries go on.</source>
        <translation>Longwatch hat durch einen eigenen Fehler die Verbindung zu seinem Server verloren und verbindet sich gleich wieder. Abfragen laufen weiter.</translation>
    </message>
    <message>
        <source>Something else went wrong in Longwatch itself. It goes on, and so do your queries.</source>
        <translation>In Longwatch selbst ist noch etwas schiefgegangen. Das Programm läuft weiter, Ihre Abfragen ebenso.</translation>
    </message>
    <message>
        <source>Show report</source>
        <translation>Bericht zeigen</translation>
    </message>
    <message>
        <source>Something went wrong in Longwatch itself</source>
        <translation>In Longwatch selbst ist etwas schiefgegangen</translation>
    </message>
    <message>
        <source>This is a mistake in the program, not in a query. It goes on, and so do your queries and their results; only what was being done just now may not have happened. If it comes back, pass the report on to whoever looks after Longwatch.</source>
        <translation>Das ist ein Fehler im Programm, nicht in einer Abfrage. Das Programm läuft weiter, ebenso Ihre Abfragen, und die Ergebnisse bleiben; nur was gerade getan wurde, ist vielleicht nicht geschehen. Wenn es wieder vorkommt, geben Sie den Bericht an die Person weiter, die Longwatch betreut.</translation>
    </message>
    <message>
        <source>Passwords, tokens and your home folder are left out. Names from your data may be in it.</source>
        <translation>Kennwörter, Token und Ihr persönlicher Ordner sind ausgelassen. Namen aus Ihren Daten können enthalten sein.</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>Bericht</translation>
    </message>
    <message>
        <source>What went wrong</source>
        <translation>Was schiefgegangen ist</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>Speichern…</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Copy report</source>
        <translation>Bericht kopieren</translation>
    </message>
    <message>
        <source>Copy all reports</source>
        <translation>Alle Berichte kopieren</translation>
    </message>
    <message>
        <source>Text (*.txt)</source>
        <translation>Text (*.txt)</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>Bericht speichern</translation>
    </message>
    <message>
        <source>Saved as {file}.</source>
        <translation>Als {file} gespeichert.</translation>
    </message>
    <message>
        <source>It could not be saved: {error}. Choose another file.</source>
        <translation>Speichern ist nicht gelungen: {error}. Wählen Sie eine andere Datei.</translation>
    </message>
    <message>
        <source>Most frequent values: {values}</source>
        <translation>Häufigste Werte: {values}</translation>
    </message>
    <message>
        <source>(empty)</source>
        <translation>(leer)</translation>
    </message>
    <message>
        <source>Distribution from {low} to {high}; most rows, {count}, from {start} to {end}</source>
        <translation>Verteilung von {low} bis {high}; die meisten Zeilen, {count}, von {start} bis {end}</translation>
    </message>
    <message numerus="yes">
        <source>{low} to {high}: %n row(s)</source>
        <translation>
            <numerusform>{low} bis {high}: %n Zeile</numerusform>
            <numerusform>{low} bis {high}: %n Zeilen</numerusform>
        </translation>
    </message>
    <message>
        <source>Sums and counts need all rows: put them into the query, with GROUP BY.</source>
        <translation>Summen und Anzahlen brauchen alle Zeilen: Bilden Sie sie in der Abfrage, mit GROUP BY.</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>Linie</translation>
    </message>
    <message>
        <source>Bars</source>
        <translation>Balken</translation>
    </message>
    <message>
        <source>Scatter</source>
        <translation>Punkte</translation>
    </message>
    <message>
        <source>Histogram</source>
        <translation>Histogramm</translation>
    </message>
    <message>
        <source>Count</source>
        <translation>Anzahl</translation>
    </message>
    <message>
        <source>Sum</source>
        <translation>Summe</translation>
    </message>
    <message>
        <source>Average</source>
        <translation>Durchschnitt</translation>
    </message>
    <message>
        <source>Sum of {column}</source>
        <translation>Summe von {column}</translation>
    </message>
    <message>
        <source>Average of {column}</source>
        <translation>Durchschnitt von {column}</translation>
    </message>
    <message>
        <source>There is no chart: {error}</source>
        <translation>Es gibt kein Diagramm: {error}</translation>
    </message>
    <message>
        <source>Kind of chart</source>
        <translation>Art des Diagramms</translation>
    </message>
    <message>
        <source>Bars show</source>
        <translation>Balken zeigen</translation>
    </message>
    <message>
        <source>Series</source>
        <translation>Reihe</translation>
    </message>
    <message>
        <source>series</source>
        <translation>Reihe</translation>
    </message>
    <message>
        <source>Save picture…</source>
        <translation>Bild speichern…</translation>
    </message>
    <message>
        <source>Save the chart as PNG or SVG</source>
        <translation>Das Diagramm als PNG oder SVG speichern</translation>
    </message>
    <message>
        <source>Select a job to draw its rows.</source>
        <translation>Wählen Sie einen Auftrag aus, um seine Zeilen zu zeichnen.</translation>
    </message>
    <message>
        <source>There are no rows to draw. Overview says how the query stands.</source>
        <translation>Es gibt keine Zeilen zu zeichnen. Die Übersicht sagt, wie es um die Abfrage steht.</translation>
    </message>
    <message>
        <source>The chart is drawn once the query is done.</source>
        <translation>Das Diagramm wird gezeichnet, sobald die Abfrage fertig ist.</translation>
    </message>
    <message>
        <source>No row matches the filter: there is nothing to draw.</source>
        <translation>Keine Zeile passt zum Filter: Es gibt nichts zu zeichnen.</translation>
    </message>
    <message>
        <source>The query returned no rows: there is nothing to draw.</source>
        <translation>Die Abfrage ergab keine Zeilen: Es gibt nichts zu zeichnen.</translation>
    </message>
    <message>
        <source>Reading the rows…</source>
        <translation>Zeilen werden gelesen…</translation>
    </message>
    <message>
        <source>none</source>
        <comment>series</comment>
        <translation>keine</translation>
    </message>
    <message>
        <source>What a bar says of its rows</source>
        <translation>Was ein Balken von seinen Zeilen zeigt</translation>
    </message>
    <message>
        <source>Rows of the sample</source>
        <translation>Zeilen der Stichprobe</translation>
    </message>
    <message>
        <source>Nothing to draw: choose columns with numbers.</source>
        <translation>Nichts zu zeichnen: Wählen Sie Spalten mit Zahlen.</translation>
    </message>
    <message numerus="yes">
        <source>A sample: {drawn} of %n rows that match the filter, in stretches that lie evenly.</source>
        <translation>
            <numerusform>Eine Stichprobe: {drawn} von %n Zeile, die zum Filter passt, in gleichmäßig verteilten Abschnitten.</numerusform>
            <numerusform>Eine Stichprobe: {drawn} von %n Zeilen, die zum Filter passen, in gleichmäßig verteilten Abschnitten.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>A sample: {drawn} of %n rows, in stretches that lie evenly.</source>
        <translation>
            <numerusform>Eine Stichprobe: {drawn} von %n Zeile, in gleichmäßig verteilten Abschnitten.</numerusform>
            <numerusform>Eine Stichprobe: {drawn} von %n Zeilen, in gleichmäßig verteilten Abschnitten.</numerusform>
        </translation>
    </message>
    <message>
        <source>1 row that matches the filter.</source>
        <translation>1 Zeile, die zum Filter passt.</translation>
    </message>
    <message numerus="yes">
        <source>All %n rows that match the filter.</source>
        <translation>
            <numerusform>Die eine Zeile, die zum Filter passt.</numerusform>
            <numerusform>Alle %n Zeilen, die zum Filter passen.</numerusform>
        </translation>
    </message>
    <message>
        <source>1 row.</source>
        <translation>1 Zeile.</translation>
    </message>
    <message numerus="yes">
        <source>All %n rows.</source>
        <translation>
            <numerusform>Die eine Zeile.</numerusform>
            <numerusform>Alle %n Zeilen.</numerusform>
        </translation>
    </message>
    <message>
        <source>chart.png</source>
        <translation>Diagramm.png</translation>
    </message>
    <message>
        <source>Save the chart</source>
        <translation>Diagramm speichern</translation>
    </message>
    <message>
        <source>Values of the same x are added up.</source>
        <translation>Werte mit gleichem x sind addiert.</translation>
    </message>
    <message>
        <source>Each bar is the average of its rows.</source>
        <translation>Jeder Balken ist der Durchschnitt seiner Zeilen.</translation>
    </message>
    <message numerus="yes">
        <source>The {most} largest of %n bars.</source>
        <translation>
            <numerusform>Die {most} größten von %n Balken.</numerusform>
            <numerusform>Die {most} größten von %n Balken.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The {most} largest of %n series.</source>
        <translation>
            <numerusform>Die {most} größten von %n Reihe.</numerusform>
            <numerusform>Die {most} größten von %n Reihen.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n row(s) without a value left out.</source>
        <translation>
            <numerusform>%n Zeile ohne Wert weggelassen.</numerusform>
            <numerusform>%n Zeilen ohne Wert weggelassen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Show all rows</source>
        <translation>Alle Zeilen zeigen</translation>
    </message>
    <message>
        <source>Click to change it.</source>
        <translation>Klicken Sie, um sie zu ändern.</translation>
    </message>
    <message>
        <source>Change the condition {condition}</source>
        <translation>Die Bedingung {condition} ändern</translation>
    </message>
    <message>
        <source>Remove this condition</source>
        <translation>Diese Bedingung entfernen</translation>
    </message>
    <message>
        <source>Remove the condition {condition}</source>
        <translation>Die Bedingung {condition} entfernen</translation>
    </message>
    <message>
        <source>Column</source>
        <translation>Spalte</translation>
    </message>
    <message>
        <source>Comparison</source>
        <translation>Vergleich</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>Show these rows</source>
        <translation>Diese Zeilen zeigen</translation>
    </message>
    <message>
        <source>Close the form</source>
        <translation>Das Formular schließen</translation>
    </message>
    <message>
        <source>{figure} over time, {most} at most</source>
        <translation>{figure} im Zeitverlauf, höchstens {most}</translation>
    </message>
    <message>
        <source>{newest}, {most} at most</source>
        <translation>{newest}, höchstens {most}</translation>
    </message>
    <message>
        <source>SQL of the job</source>
        <translation>SQL des Auftrags</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Chart</source>
        <translation>Diagramm</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Plan</source>
        <translation>Plan</translation>
    </message>
    <message>
        <source>Log of the job</source>
        <translation>Protokoll des Auftrags</translation>
    </message>
    <message>
        <source>The query&apos;s process has written nothing. That is usual.</source>
        <translation>Der Prozess der Abfrage hat nichts geschrieben. Das ist der Normalfall.</translation>
    </message>
    <message>
        <source>opens everywhere; loses types</source>
        <translation>lässt sich überall öffnen; verliert Typen</translation>
    </message>
    <message>
        <source>a sheet with types, up to a million rows</source>
        <translation>ein Tabellenblatt mit Typen, bis zu einer Million Zeilen</translation>
    </message>
    <message>
        <source>small and exact, for DuckDB, pandas, Spark</source>
        <translation>klein und exakt, für DuckDB, pandas, Spark</translation>
    </message>
    <message>
        <source>exact, and read without copying</source>
        <translation>exakt, und ohne Kopieren lesbar</translation>
    </message>
    <message>
        <source>one object a row, for scripts and logs</source>
        <translation>ein Objekt je Zeile, für Skripte und Protokolle</translation>
    </message>
    <message>
        <source>one list of objects, for the web</source>
        <translation>eine Liste von Objekten, für das Web</translation>
    </message>
    <message>
        <source>A text that begins with =, +, - or @ gets an apostrophe before it, so that no spreadsheet runs it as a formula.</source>
        <translation>Vor einen Text, der mit =, +, - oder @ beginnt, kommt ein Apostroph, damit ihn keine Tabellenkalkulation als Formel ausführt.</translation>
    </message>
    <message>
        <source>In an Excel file every text stays a text: nothing in it is run.</source>
        <translation>In einer Excel-Datei bleibt jeder Text ein Text: Nichts darin wird ausgeführt.</translation>
    </message>
    <message>
        <source>Export the result</source>
        <translation>Ergebnis exportieren</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Browse…</source>
        <translation>Durchsuchen…</translation>
    </message>
    <message numerus="yes">
        <source>All %n row(s), as they came</source>
        <translation>
            <numerusform>Die eine Zeile, wie sie kam</numerusform>
            <numerusform>Alle %n Zeilen, wie sie kamen</numerusform>
        </translation>
    </message>
    <message>
        <source>Columns to write</source>
        <translation>Zu schreibende Spalten</translation>
    </message>
    <message>
        <source>Keep spreadsheets from running texts as formulas</source>
        <translation>Verhindern, dass Tabellenkalkulationen Texte als Formeln ausführen</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>All</source>
        <comment>columns</comment>
        <translation>Alle</translation>
    </message>
    <message>
        <source>All of the columns</source>
        <translation>Alle Spalten</translation>
    </message>
    <message>
        <source>None</source>
        <comment>columns</comment>
        <translation>Keine</translation>
    </message>
    <message>
        <source>None of the columns</source>
        <translation>Keine der Spalten</translation>
    </message>
    <message>
        <source>Columns: {some} of {all}</source>
        <translation>Spalten: {some} von {all}</translation>
    </message>
    <message>
        <source>Choose at least one column.</source>
        <translation>Wählen Sie mindestens eine Spalte.</translation>
    </message>
    <message>
        <source>An Excel sheet holds {most} rows, and these are {rows}. Filter them, or choose CSV or Parquet.</source>
        <translation>Ein Excel-Tabellenblatt fasst {most} Zeilen, und dies sind {rows}. Filtern Sie sie, oder wählen Sie CSV oder Parquet.</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Export to</source>
        <translation>Exportieren nach</translation>
    </message>
    <message>
        <source>Name the file to write.</source>
        <translation>Geben Sie an, welche Datei geschrieben werden soll.</translation>
    </message>
    <message>
        <source>Replace it</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>{name} is there already. Replace it, or choose another name.</source>
        <translation>{name} gibt es schon. Ersetzen Sie die Datei, oder wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <source>result</source>
        <comment>file name</comment>
        <translation>Ergebnis</translation>
    </message>
    <message numerus="yes">
        <source>The %n row(s) shown</source>
        <translation>
            <numerusform>Die eine angezeigte Zeile</numerusform>
            <numerusform>Die %n angezeigten Zeilen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The %n row(s) shown, by {order}</source>
        <translation>
            <numerusform>Die eine angezeigte Zeile, nach {order}</numerusform>
            <numerusform>Die %n angezeigten Zeilen, nach {order}</numerusform>
        </translation>
    </message>
    <message>
        <source>Cancel the export to {name}</source>
        <translation>Den Export nach {name} abbrechen</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Show {name} in its folder</source>
        <translation>{name} im Ordner zeigen</translation>
    </message>
    <message>
        <source>Dismiss the export to {name}</source>
        <translation>Den Export nach {name} ausblenden</translation>
    </message>
    <message numerus="yes">
        <source>%n row(s), {size}</source>
        <translation>
            <numerusform>%n Zeile, {size}</numerusform>
            <numerusform>%n Zeilen, {size}</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing was written. {reason}</source>
        <translation>Es wurde nichts geschrieben. {reason}</translation>
    </message>
    <message>
        <source>Cancelled. Nothing is left of it.</source>
        <translation>Abgebrochen. Es ist nichts davon übrig.</translation>
    </message>
    <message>
        <source>Looking for the rows…</source>
        <translation>Zeilen werden gesucht…</translation>
    </message>
    <message numerus="yes">
        <source>{some} of %n row(s)</source>
        <translation>
            <numerusform>{some} von %n Zeile</numerusform>
            <numerusform>{some} von %n Zeilen</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing was exported: there is no connection to the server.</source>
        <translation>Es wurde nichts exportiert: Es gibt keine Verbindung zum Server.</translation>
    </message>
    <message>
        <source>Nothing was exported: {name} is being written already.</source>
        <translation>Es wurde nichts exportiert: {name} wird bereits geschrieben.</translation>
    </message>
    <message>
        <source>The server went away before the file was whole. Export again when it is back.</source>
        <translation>Der Server war weg, bevor die Datei vollständig war. Exportieren Sie noch einmal, sobald er wieder da ist.</translation>
    </message>
    <message>
        <source>There is no room for {name} in {folder}. Choose another folder.</source>
        <translation>In {folder} ist kein Platz für {name}. Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>You may not write to {folder}. Choose another folder.</source>
        <translation>Sie dürfen nicht in {folder} schreiben. Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>There is no folder {folder}. Choose another one.</source>
        <translation>Es gibt keinen Ordner {folder}. Wählen Sie einen anderen.</translation>
    </message>
    <message>
        <source>{path} is a folder. Choose another name.</source>
        <translation>{path} ist ein Ordner. Wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <source>{name} cannot be written: {reason}.</source>
        <translation>{name} kann nicht geschrieben werden: {reason}.</translation>
    </message>
    <message>
        <source>All columns</source>
        <translation>Alle Spalten</translation>
    </message>
    <message>
        <source>Find in a column</source>
        <translation>In einer Spalte suchen</translation>
    </message>
    <message>
        <source>Column to find in</source>
        <translation>Spalte, in der gesucht wird</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Close the search</source>
        <translation>Die Suche schließen</translation>
    </message>
    <message>
        <source>in</source>
        <comment>find a text in a column</comment>
        <translation>in</translation>
    </message>
    <message>
        <source>Searching…</source>
        <translation>Suche läuft…</translation>
    </message>
    <message>
        <source>Not found</source>
        <translation>Nicht gefunden</translation>
    </message>
    <message>
        <source>In row {row}, beyond what can be scrolled to</source>
        <translation>In Zeile {row}; so weit lässt sich hier nicht scrollen</translation>
    </message>
    <message>
        <source>Row {row} of {column}, from the top again</source>
        <translation>Zeile {row} von {column}, wieder von oben</translation>
    </message>
    <message>
        <source>Row {row} of {column}</source>
        <translation>Zeile {row} von {column}</translation>
    </message>
    <message>
        <source>Row {row}, from the top again</source>
        <translation>Zeile {row}, wieder von oben</translation>
    </message>
    <message>
        <source>Row {row}</source>
        <translation>Zeile {row}</translation>
    </message>
    <message>
        <source>Row numbers</source>
        <translation>Zeilennummern</translation>
    </message>
    <message>
        <source>Columns of the result</source>
        <translation>Spalten des Ergebnisses</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy with column names</source>
        <translation>Mit Spaltennamen kopieren</translation>
    </message>
    <message>
        <source>Only rows with this value</source>
        <translation>Nur Zeilen mit diesem Wert</translation>
    </message>
    <message>
        <source>Without this value</source>
        <translation>Ohne diesen Wert</translation>
    </message>
    <message>
        <source>Find in this column…</source>
        <translation>In dieser Spalte suchen…</translation>
    </message>
    <message>
        <source>Column {name}</source>
        <translation>Spalte {name}</translation>
    </message>
    <message>
        <source>Sort ascending</source>
        <translation>Aufsteigend sortieren</translation>
    </message>
    <message>
        <source>Sort descending</source>
        <translation>Absteigend sortieren</translation>
    </message>
    <message>
        <source>As the rows came</source>
        <translation>Wie die Zeilen kamen</translation>
    </message>
    <message>
        <source>Filter…</source>
        <translation>Filtern…</translation>
    </message>
    <message>
        <source>Statistics</source>
        <translation>Statistik</translation>
    </message>
    <message>
        <source>Fit the width</source>
        <translation>Breite anpassen</translation>
    </message>
    <message>
        <source>Fit all widths</source>
        <translation>Alle Breiten anpassen</translation>
    </message>
    <message>
        <source>Hide</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>Columns</source>
        <translation>Spalten</translation>
    </message>
    <message>
        <source>Show all, in their order</source>
        <translation>Alle zeigen, in ihrer Reihenfolge</translation>
    </message>
    <message>
        <source>Click: in this column&apos;s order. Shift+click: in this order too.</source>
        <translation>Klick: nach dieser Spalte sortieren. Umschalt+Klick: zusätzlich nach dieser Spalte sortieren.</translation>
    </message>
    <message>
        <source>{column}, sorted descending, {rank} of {all}</source>
        <translation>{column}, absteigend sortiert, {rank} von {all}</translation>
    </message>
    <message>
        <source>{column}, sorted ascending, {rank} of {all}</source>
        <translation>{column}, aufsteigend sortiert, {rank} von {all}</translation>
    </message>
    <message>
        <source>{column}, sorted descending</source>
        <translation>{column}, absteigend sortiert</translation>
    </message>
    <message>
        <source>{column}, sorted ascending</source>
        <translation>{column}, aufsteigend sortiert</translation>
    </message>
    <message>
        <source>Attempts</source>
        <translation>Versuche</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>Was geschah</translation>
    </message>
    <message>
        <source>Who is told of its end</source>
        <translation>Wer vom Ende erfährt</translation>
    </message>
    <message>
        <source>No job selected</source>
        <translation>Kein Auftrag ausgewählt</translation>
    </message>
    <message>
        <source>Select a job in the table to see what became of it.</source>
        <translation>Wählen Sie in der Tabelle einen Auftrag aus, um zu sehen, was aus ihm wurde.</translation>
    </message>
    <message>
        <source>Show the place in the editor</source>
        <translation>Die Stelle im Editor zeigen</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>Einzelheiten kopieren</translation>
    </message>
    <message>
        <source>Line {line}, column {column}: show in the editor</source>
        <translation>Zeile {line}, Spalte {column}: im Editor zeigen</translation>
    </message>
    <message>
        <source>Line {line}: show in the editor</source>
        <translation>Zeile {line}: im Editor zeigen</translation>
    </message>
    <message>
        <source>job {id}, attempt {attempt}, source {source}</source>
        <translation>Auftrag {id}, Versuch {attempt}, Quelle {source}</translation>
    </message>
    <message>
        <source>line {line}, column {column}</source>
        <translation>Zeile {line}, Spalte {column}</translation>
    </message>
    <message>
        <source>Progress and memory over time are shown of jobs that this window watched.</source>
        <translation>Fortschritt und Speicher im Zeitverlauf werden bei Aufträgen gezeigt, die dieses Fenster beobachtet hat.</translation>
    </message>
    <message>
        <source>This window began to watch {duration} after the start.</source>
        <translation>Dieses Fenster begann erst {duration} nach dem Start zu beobachten.</translation>
    </message>
    <message>
        <source>Cancelled before it began.</source>
        <translation>Abgebrochen, bevor der Auftrag begann.</translation>
    </message>
    <message>
        <source>Cancelled after {took}; the end of its process could not be confirmed.</source>
        <translation>Abgebrochen nach {took}; das Ende des Prozesses konnte nicht bestätigt werden.</translation>
    </message>
    <message>
        <source>Cancelled after {took}; its process is gone.</source>
        <translation>Abgebrochen nach {took}; der Prozess ist beendet.</translation>
    </message>
    <message>
        <source>Waiting for its turn.</source>
        <translation>Wartet, bis die Abfrage an der Reihe ist.</translation>
    </message>
    <message>
        <source>Done in {took}.</source>
        <translation>Fertig in {took}.</translation>
    </message>
    <message>
        <source>Failed after {took}.</source>
        <translation>Fehlgeschlagen nach {took}.</translation>
    </message>
    <message>
        <source>Lost after {took}: nobody knows how it ended.</source>
        <translation>Verloren nach {took}: Niemand weiß, wie die Abfrage endete.</translation>
    </message>
    <message>
        <source>On disk</source>
        <translation>Ausgelagert</translation>
    </message>
    <message>
        <source>Started</source>
        <translation>Gestartet</translation>
    </message>
    <message>
        <source>Attempt</source>
        <translation>Versuch</translation>
    </message>
    <message>
        <source>Statement</source>
        <translation>Anweisung</translation>
    </message>
    <message>
        <source>writes</source>
        <translation>schreibt</translation>
    </message>
    <message>
        <source>reads</source>
        <translation>liest</translation>
    </message>
    <message>
        <source>Job</source>
        <translation>Auftrag</translation>
    </message>
    <message>
        <source>As text</source>
        <translation>Als Text</translation>
    </message>
    <message>
        <source>The plan as the engine writes it</source>
        <translation>Der Plan, wie ihn die Datenbank schreibt</translation>
    </message>
    <message>
        <source>Plan of the job</source>
        <translation>Plan des Auftrags</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>Schritt</translation>
    </message>
    <message>
        <source>Rows expected</source>
        <translation>Erwartete Zeilen</translation>
    </message>
    <message>
        <source>What it does</source>
        <translation>Was er tut</translation>
    </message>
    <message>
        <source>Plan of the job as text</source>
        <translation>Plan des Auftrags als Text</translation>
    </message>
    <message>
        <source>Select a job to see the plan of its query.</source>
        <translation>Wählen Sie einen Auftrag aus, um den Plan seiner Abfrage zu sehen.</translation>
    </message>
    <message>
        <source>Asking the engine for its plan…</source>
        <translation>Die Datenbank wird nach ihrem Plan gefragt…</translation>
    </message>
    <message>
        <source>There is no plan: {reason}</source>
        <translation>Es gibt keinen Plan: {reason}</translation>
    </message>
    <message>
        <source>The engine tells no plan of this query.</source>
        <translation>Die Datenbank nennt zu dieser Abfrage keinen Plan.</translation>
    </message>
    <message>
        <source>as the planner sees it now, without running it</source>
        <translation>wie der Planer es jetzt sieht, ohne Ausführung</translation>
    </message>
    <message>
        <source>of the last statement</source>
        <translation>der letzten Anweisung</translation>
    </message>
    <message numerus="yes">
        <source>%n step(s)</source>
        <translation>
            <numerusform>%n Schritt</numerusform>
            <numerusform>%n Schritte</numerusform>
        </translation>
    </message>
    <message>
        <source>Query</source>
        <translation>Abfrage</translation>
    </message>
    <message>
        <source>median</source>
        <translation>Median</translation>
    </message>
    <message>
        <source>Statistics of a column</source>
        <translation>Statistik einer Spalte</translation>
    </message>
    <message>
        <source>Close the statistics</source>
        <translation>Die Statistik schließen</translation>
    </message>
    <message>
        <source>Counting…</source>
        <translation>Es wird gezählt…</translation>
    </message>
    <message>
        <source>Of the rows that match the filter.</source>
        <translation>Aus den Zeilen, die zum Filter passen.</translation>
    </message>
    <message>
        <source>The column could not be counted. {error}</source>
        <translation>Die Spalte konnte nicht ausgezählt werden. {error}</translation>
    </message>
    <message>
        <source>Quantiles</source>
        <translation>Quantile</translation>
    </message>
    <message>
        <source>Most frequent</source>
        <translation>Am häufigsten</translation>
    </message>
    <message>
        <source>Distribution</source>
        <translation>Verteilung</translation>
    </message>
    <message>
        <source>Most frequent (about)</source>
        <translation>Am häufigsten (ungefähr)</translation>
    </message>
    <message>
        <source>NULLs</source>
        <translation>NULL-Werte</translation>
    </message>
    <message>
        <source>Distinct</source>
        <translation>Verschiedene</translation>
    </message>
    <message>
        <source>Min</source>
        <translation>Minimum</translation>
    </message>
    <message>
        <source>Max</source>
        <translation>Maximum</translation>
    </message>
    <message>
        <source>Mean</source>
        <translation>Mittelwert</translation>
    </message>
    <message>
        <source>Std. deviation</source>
        <translation>Standardabw.</translation>
    </message>
    <message>
        <source>Cancel asked for</source>
        <translation>Abbruch verlangt</translation>
    </message>
    <message>
        <source>To be tried again</source>
        <translation>Wird erneut versucht</translation>
    </message>
    <message>
        <source>Lost</source>
        <translation>Verloren</translation>
    </message>
    <message>
        <source>Message sent</source>
        <translation>Nachricht gesendet</translation>
    </message>
    <message>
        <source>Message not sent yet</source>
        <translation>Nachricht noch nicht gesendet</translation>
    </message>
    <message>
        <source>Message not sent</source>
        <translation>Nachricht nicht gesendet</translation>
    </message>
    <message>
        <source>was told at {when}</source>
        <translation>benachrichtigt um {when}</translation>
    </message>
    <message>
        <source>could not be told at {when}; it is tried again</source>
        <translation>um {when} nicht erreicht; wird noch einmal versucht</translation>
    </message>
    <message>
        <source>was not told: {why}</source>
        <translation>nicht benachrichtigt: {why}</translation>
    </message>
    <message>
        <source>ended early, to be tried again</source>
        <translation>vorzeitig beendet, wird erneut versucht</translation>
    </message>
    <message>
        <source>Started, attempt {number}</source>
        <translation>Gestartet, Versuch {number}</translation>
    </message>
    <message>
        <source>on its way</source>
        <translation>unterwegs</translation>
    </message>
    <message>
        <source>when the job is over</source>
        <translation>sobald der Auftrag vorbei ist</translation>
    </message>
    <message>
        <source>was not told within a day</source>
        <translation>wurde binnen eines Tages nicht benachrichtigt</translation>
    </message>
    <message>
        <source>runs</source>
        <translation>läuft</translation>
    </message>
    <message>
        <source>Attempt {number}</source>
        <translation>Versuch {number}</translation>
    </message>
    <message>
        <source>Memory limit</source>
        <translation>Speichergrenze</translation>
    </message>
    <message>
        <source>Time limit</source>
        <translation>Zeitgrenze</translation>
    </message>
    <message>
        <source>Waits at most</source>
        <translation>Wartet höchstens</translation>
    </message>
    <message>
        <source>Rows at most</source>
        <translation>Zeilen höchstens</translation>
    </message>
    <message>
        <source>Result at most</source>
        <translation>Ergebnis höchstens</translation>
    </message>
    <message>
        <source>Limits</source>
        <translation>Grenzen</translation>
    </message>
    <message>
        <source>the server&apos;s</source>
        <translation>die des Servers</translation>
    </message>
    <message>
        <source>Priority</source>
        <translation>Priorität</translation>
    </message>
    <message>
        <source>Run again from</source>
        <translation>Erneut ausgeführt von</translation>
    </message>
    <message numerus="yes">
        <source>%n column(s)</source>
        <translation>
            <numerusform>%n Spalte</numerusform>
            <numerusform>%n Spalten</numerusform>
        </translation>
    </message>
    <message>
        <source>by {order}</source>
        <translation>nach {order}</translation>
    </message>
    <message numerus="yes">
        <source>the first %n can be scrolled to here</source>
        <translation>
            <numerusform>hier lässt sich nur bis zur ersten scrollen</numerusform>
            <numerusform>hier lässt sich durch die ersten %n scrollen</numerusform>
        </translation>
    </message>
    <message>
        <source>{rows}, stopped at the limit of rows</source>
        <translation>{rows}, an der Zeilengrenze angehalten</translation>
    </message>
    <message>
        <source>{rows}, stopped at the limit of bytes</source>
        <translation>{rows}, an der Größengrenze angehalten</translation>
    </message>
    <message>
        <source>{rows}, incomplete: the query ended early</source>
        <translation>{rows}, unvollständig: die Abfrage endete vorzeitig</translation>
    </message>
    <message>
        <source>{rows} so far</source>
        <translation>bisher {rows}</translation>
    </message>
    <message>
        <source>No row matches the filter. Change or remove a condition above.</source>
        <translation>Keine Zeile passt zum Filter. Ändern oder entfernen Sie oben eine Bedingung.</translation>
    </message>
    <message>
        <source>There are no rows yet.</source>
        <translation>Es gibt noch keine Zeilen.</translation>
    </message>
    <message>
        <source>The query returned no rows.</source>
        <translation>Die Abfrage ergab keine Zeilen.</translation>
    </message>
    <message>
        <source>Select a job to see its rows.</source>
        <translation>Wählen Sie einen Auftrag aus, um seine Zeilen zu sehen.</translation>
    </message>
    <message>
        <source>Reading the result …</source>
        <translation>Das Ergebnis wird gelesen …</translation>
    </message>
    <message>
        <source>Rows appear here once the query runs.</source>
        <translation>Zeilen erscheinen hier, sobald die Abfrage läuft.</translation>
    </message>
    <message>
        <source>Rows appear here as soon as the first ones are written.</source>
        <translation>Zeilen erscheinen hier, sobald die ersten geschrieben sind.</translation>
    </message>
    <message>
        <source>The statement returned no rows and no columns.</source>
        <translation>Die Anweisung ergab keine Zeilen und keine Spalten.</translation>
    </message>
    <message>
        <source>The query was cancelled before it had returned rows.</source>
        <translation>Die Abfrage wurde abgebrochen, bevor sie Zeilen ergeben hatte.</translation>
    </message>
    <message>
        <source>The query failed before it had returned rows. Overview says why.</source>
        <translation>Die Abfrage schlug fehl, bevor sie Zeilen ergeben hatte. Die Übersicht sagt, warum.</translation>
    </message>
    <message>
        <source>Nobody knows how the query ended. Overview says what is known.</source>
        <translation>Niemand weiß, wie die Abfrage endete. Die Übersicht sagt, was bekannt ist.</translation>
    </message>
    <message>
        <source>ran</source>
        <translation>lief</translation>
    </message>
    <message>
        <source>not watched</source>
        <translation>nicht beobachtet</translation>
    </message>
    <message>
        <source>Timeline: {phases}</source>
        <translation>Zeitverlauf: {phases}</translation>
    </message>
    <message>
        <source>Rows can be sorted, filtered and counted once the query is done.</source>
        <translation>Zeilen lassen sich sortieren, filtern und auszählen, sobald die Abfrage fertig ist.</translation>
    </message>
    <message>
        <source>Nothing was copied: {error}</source>
        <translation>Es wurde nichts kopiert: {error}</translation>
    </message>
    <message>
        <source>What is being done</source>
        <translation>Was gerade geschieht</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Leave the rows as they are</source>
        <translation>Die Zeilen lassen, wie sie sind</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Putting the rows as they came…</source>
        <translation>Zeilen werden gezeigt, wie sie kamen…</translation>
    </message>
    <message numerus="yes">
        <source>Putting %n row(s) in order by {order}…</source>
        <translation>
            <numerusform>%n Zeile wird nach {order} sortiert…</numerusform>
            <numerusform>%n Zeilen werden nach {order} sortiert…</numerusform>
        </translation>
    </message>
    <message>
        <source>The rows stay as they are: {error}</source>
        <translation>Die Zeilen bleiben, wie sie sind: {error}</translation>
    </message>
    <message>
        <source>A text can be found once the query is done.</source>
        <translation>Ein Text lässt sich suchen, sobald die Abfrage fertig ist.</translation>
    </message>
    <message numerus="yes">
        <source>Only the first %n row(s) of the selection were copied. Export… takes them all.</source>
        <translation>
            <numerusform>Nur die erste Zeile der Auswahl wurde kopiert. „Exportieren…“ nimmt alle.</numerusform>
            <numerusform>Nur die ersten %n Zeilen der Auswahl wurden kopiert. „Exportieren…“ nimmt alle.</numerusform>
        </translation>
    </message>
    <message>
        <source>Loading rows…</source>
        <translation>Zeilen werden geladen…</translation>
    </message>
    <message>
        <source>Show some of the rows only</source>
        <translation>Nur einige der Zeilen zeigen</translation>
    </message>
    <message>
        <source>Write the rows to a file</source>
        <translation>Die Zeilen in eine Datei schreiben</translation>
    </message>
    <message>
        <source>is</source>
        <translation>ist</translation>
    </message>
    <message>
        <source>is not</source>
        <translation>ist nicht</translation>
    </message>
    <message>
        <source>contains</source>
        <translation>enthält</translation>
    </message>
    <message>
        <source>starts with</source>
        <translation>beginnt mit</translation>
    </message>
    <message>
        <source>is one of</source>
        <translation>ist eines von</translation>
    </message>
    <message>
        <source>is NULL</source>
        <translation>ist NULL</translation>
    </message>
    <message>
        <source>is not NULL</source>
        <translation>ist nicht NULL</translation>
    </message>
    <message>
        <source>is less than</source>
        <translation>ist kleiner als</translation>
    </message>
    <message>
        <source>is at most</source>
        <translation>ist höchstens</translation>
    </message>
    <message>
        <source>is more than</source>
        <translation>ist größer als</translation>
    </message>
    <message>
        <source>is at least</source>
        <translation>ist mindestens</translation>
    </message>
    <message>
        <source>is before</source>
        <translation>liegt vor</translation>
    </message>
    <message>
        <source>is at or before</source>
        <translation>ist spätestens</translation>
    </message>
    <message>
        <source>is after</source>
        <translation>liegt nach</translation>
    </message>
    <message>
        <source>is at or after</source>
        <translation>ist frühestens</translation>
    </message>
    <message>
        <source>{column} contains “{value}”</source>
        <translation>{column} enthält „{value}“</translation>
    </message>
    <message>
        <source>{column} starts with “{value}”</source>
        <translation>{column} beginnt mit „{value}“</translation>
    </message>
    <message>
        <source>{column} is one of {value}</source>
        <translation>{column} ist eines von {value}</translation>
    </message>
    <message>
        <source>{column} is NULL</source>
        <translation>{column} ist NULL</translation>
    </message>
    <message>
        <source>{column} is not NULL</source>
        <translation>{column} ist nicht NULL</translation>
    </message>
    <message>
        <source>true or false</source>
        <comment>to be typed</comment>
        <translation>true oder false</translation>
    </message>
    <message>
        <source>Type the text to look for.</source>
        <translation>Geben Sie den gesuchten Text ein.</translation>
    </message>
    <message>
        <source>Type 1 to {most} values, with commas between them.</source>
        <translation>Geben Sie 1 bis {most} Werte ein, durch Kommas getrennt.</translation>
    </message>
    <message>
        <source>Values of type {type} cannot be compared.</source>
        <translation>Werte vom Typ {type} lassen sich nicht vergleichen.</translation>
    </message>
    <message>
        <source>“{text}”</source>
        <translation>„{text}“</translation>
    </message>
    <message>
        <source>{column} descending</source>
        <translation>{column} absteigend</translation>
    </message>
    <message>
        <source>{first}, then {next}</source>
        <translation>{first}, dann {next}</translation>
    </message>
    <message>
        <source>Type a value, or choose “is NULL”.</source>
        <translation>Geben Sie einen Wert ein, oder wählen Sie „ist NULL“.</translation>
    </message>
    <message>
        <source>Type true or false.</source>
        <translation>Geben Sie true oder false ein.</translation>
    </message>
    <message>
        <source>“{typed}” is no number. One looks like 12.5.</source>
        <translation>„{typed}“ ist keine Zahl. Eine Zahl sieht so aus: 12.5.</translation>
    </message>
    <message>
        <source>Server</source>
        <translation>Server</translation>
    </message>
    <message>
        <source>connected</source>
        <translation>verbunden</translation>
    </message>
    <message>
        <source>no connection</source>
        <translation>keine Verbindung</translation>
    </message>
    <message>
        <source>no server</source>
        <translation>kein Server</translation>
    </message>
    <message>
        <source>Server: {title}, {state}</source>
        <translation>Server: {title}, {state}</translation>
    </message>
    <message>
        <source>{title}: {state}{version}. Click to work with another server.</source>
        <translation>{title}: {state}{version}. Klicken Sie, um mit einem anderen Server zu arbeiten.</translation>
    </message>
    <message>
        <source>Add server…</source>
        <translation>Server hinzufügen…</translation>
    </message>
    <message>
        <source>Edit server…</source>
        <translation>Server bearbeiten…</translation>
    </message>
    <message>
        <source>Remove server…</source>
        <translation>Server entfernen…</translation>
    </message>
    <message>
        <source>This computer</source>
        <translation>Dieser Computer</translation>
    </message>
    <message>
        <source>The server is not in the list any more.</source>
        <translation>Der Server steht nicht mehr in der Liste.</translation>
    </message>
    <message>
        <source>This window has no server of its own.</source>
        <translation>Dieses Fenster hat keinen eigenen Server.</translation>
    </message>
    <message>
        <source>Remove server?</source>
        <translation>Server entfernen?</translation>
    </message>
    <message>
        <source>Remove {name} from the list?</source>
        <translation>{name} aus der Liste entfernen?</translation>
    </message>
    <message>
        <source>Its jobs go on, and nothing on it is deleted.</source>
        <translation>Seine Aufträge laufen weiter, und auf ihm wird nichts gelöscht.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>This computer has no keyring that is open: the token is kept in a file that only you can read.</source>
        <translation>Auf diesem Computer ist kein Schlüsselbund geöffnet: Das Token wird in einer Datei aufbewahrt, die nur Sie lesen können.</translation>
    </message>
    <message>
        <source>Edit server</source>
        <translation>Server bearbeiten</translation>
    </message>
    <message>
        <source>Add server</source>
        <translation>Server hinzufügen</translation>
    </message>
    <message>
        <source>Team server</source>
        <translation>Server des Teams</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>As whoever runs the server gave it</source>
        <translation>Wie Sie es vom Betreiber des Servers erhalten haben</translation>
    </message>
    <message>
        <source>What came of the test</source>
        <translation>Was der Test ergab</translation>
    </message>
    <message>
        <source>Fingerprint</source>
        <translation>Fingerabdruck</translation>
    </message>
    <message>
        <source>They are the same: trust this certificate, and no other</source>
        <translation>Sie stimmen überein: diesem Zertifikat vertrauen und keinem anderen</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>&amp;Name</translation>
    </message>
    <message>
        <source>&amp;Address</source>
        <translation>&amp;Adresse</translation>
    </message>
    <message>
        <source>&amp;Token</source>
        <translation>&amp;Token</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>Testen</translation>
    </message>
    <message>
        <source>Trying…</source>
        <translation>Wird versucht…</translation>
    </message>
    <message>
        <source>The server answers, but this is not its token.</source>
        <translation>Der Server antwortet, aber dies ist nicht sein Token.</translation>
    </message>
    <message numerus="yes">
        <source>Longwatch {version}, %n job(s), {ms} ms away.</source>
        <translation>
            <numerusform>Longwatch {version}, %n Auftrag, {ms} ms entfernt.</numerusform>
            <numerusform>Longwatch {version}, %n Aufträge, {ms} ms entfernt.</numerusform>
        </translation>
    </message>
    <message>
        <source>The server shows another certificate than the one that was trusted. Compare its fingerprint with the one that whoever runs it tells you:</source>
        <translation>Der Server zeigt ein anderes Zertifikat als das, dem vertraut wurde. Vergleichen Sie seinen Fingerabdruck mit dem, den der Betreiber Ihnen nennt:</translation>
    </message>
    <message>
        <source>The server shows a certificate that this computer does not trust. Compare its fingerprint with the one that whoever runs it tells you:</source>
        <translation>Der Server zeigt ein Zertifikat, dem dieser Computer nicht vertraut. Vergleichen Sie seinen Fingerabdruck mit dem, den der Betreiber Ihnen nennt:</translation>
    </message>
    <message>
        <source>The list of servers in {path} cannot be read: {error}. Mend the file, or move it away and add the servers again.</source>
        <translation>Die Liste der Server in {path} lässt sich nicht lesen: {error}. Reparieren Sie die Datei, oder verschieben Sie sie und fügen Sie die Server neu hinzu.</translation>
    </message>
    <message>
        <source>No WebSocket gets through to this server, as with some proxies. What changes is asked for every two seconds instead, and shown that much later.</source>
        <translation>Zu diesem Server kommt kein WebSocket durch, wie bei manchen Proxys. Änderungen werden stattdessen alle zwei Sekunden erfragt und um so viel später angezeigt.</translation>
    </message>
    <message>
        <source>Connecting to {server}…</source>
        <translation>Verbindung mit {server} wird aufgebaut…</translation>
    </message>
    <message>
        <source>Starting the server on this computer…</source>
        <translation>Der Server auf diesem Computer wird gestartet…</translation>
    </message>
    <message>
        <source>No server</source>
        <translation>Kein Server</translation>
    </message>
    <message>
        <source>Connected without WebSocket · {server}</source>
        <translation>Ohne WebSocket verbunden · {server}</translation>
    </message>
    <message>
        <source>Connected · {server}</source>
        <translation>Verbunden · {server}</translation>
    </message>
    <message>
        <source>No connection for {since} · next try in {left} s (click to try now) · {reason}</source>
        <translation>Seit {since} keine Verbindung · nächster Versuch in {left} s (klicken, um es jetzt zu versuchen) · {reason}</translation>
    </message>
    <message>
        <source>No connection for {since} · trying now (click to try now) · {reason}</source>
        <translation>Seit {since} keine Verbindung · wird jetzt versucht (klicken, um es jetzt zu versuchen) · {reason}</translation>
    </message>
    <message>
        <source>{running} running, {queued} queued</source>
        <translation>{running} laufend, {queued} wartend</translation>
    </message>
    <message>
        <source>There is no connection to the server yet.</source>
        <translation>Es besteht noch keine Verbindung zum Server.</translation>
    </message>
    <message>
        <source>Opening {name}…</source>
        <translation>{name} wird geöffnet…</translation>
    </message>
    <message>
        <source>{name}: {sentence}</source>
        <translation>{name}: {sentence}</translation>
    </message>
    <message>
        <source>The file that was sent for it goes too. Jobs that ran on it stay, with their results.</source>
        <translation>Die Datei, die dafür gesendet wurde, wird mit entfernt. Aufträge, die darauf liefen, bleiben mit ihren Ergebnissen erhalten.</translation>
    </message>
    <message>
        <source>Its data stays where it is. Jobs that ran on it stay, with their results.</source>
        <translation>Die Daten bleiben, wo sie sind. Aufträge, die darauf liefen, bleiben mit ihren Ergebnissen erhalten.</translation>
    </message>
    <message>
        <source>Remove the source?</source>
        <translation>Quelle entfernen?</translation>
    </message>
    <message>
        <source>Remove {name}?</source>
        <translation>{name} entfernen?</translation>
    </message>
    <message>
        <source>Removed the source {name}.</source>
        <translation>Die Quelle {name} wurde entfernt.</translation>
    </message>
    <message>
        <source>A name begins with a letter or digit, and has letters, digits, dots, hyphens and underscores.</source>
        <translation>Ein Name beginnt mit einem Buchstaben oder einer Ziffer und besteht aus Buchstaben ohne Umlaute, Ziffern, Punkten, Bindestrichen und Unterstrichen.</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; cannot be the name of an option.</source>
        <translation>„{name}“ kann keine Option heißen.</translation>
    </message>
    <message>
        <source>Name an environment variable of the server, such as PGPASSWORD.</source>
        <translation>Nennen Sie eine Umgebungsvariable des Servers, zum Beispiel PGPASSWORD.</translation>
    </message>
    <message>
        <source>The name of a queue begins with a letter or digit, and has letters, digits, dots, hyphens and underscores.</source>
        <translation>Der Name einer Warteschlange beginnt mit einem Buchstaben oder einer Ziffer und besteht aus Buchstaben, Ziffern, Punkten, Binde- und Unterstrichen.</translation>
    </message>
    <message>
        <source>This cannot be saved: {reason}.</source>
        <translation>Das kann nicht gespeichert werden: {reason}.</translation>
    </message>
    <message>
        <source>Drop Parquet, CSV or JSON files, a DuckDB or SQLite database, a folder of such files, or a .sql file.</source>
        <translation>Legen Sie Parquet-, CSV- oder JSON-Dateien, eine DuckDB- oder SQLite-Datenbank, einen Ordner mit solchen Dateien oder eine .sql-Datei ab.</translation>
    </message>
    <message>
        <source>{file} cannot be read: {reason}.</source>
        <translation>{file} kann nicht gelesen werden: {reason}.</translation>
    </message>
    <message>
        <source>{folder} holds no Parquet, CSV or JSON files itself.</source>
        <translation>{folder} enthält selbst keine Parquet-, CSV- oder JSON-Dateien.</translation>
    </message>
    <message>
        <source>{file} is a DuckDB database: rename it to end with .duckdb.</source>
        <translation>{file} ist eine DuckDB-Datenbank: Geben Sie ihr einen Namen, der auf .duckdb endet.</translation>
    </message>
    <message>
        <source>{file} is a spreadsheet: save it as CSV, then drop that.</source>
        <translation>{file} ist eine Arbeitsmappe: Speichern Sie sie als CSV und legen Sie dann die CSV-Datei ab.</translation>
    </message>
    <message>
        <source>Nothing here reads {file}.</source>
        <translation>{file} kann hier nicht gelesen werden.</translation>
    </message>
    <message numerus="yes">
        <source>%n files at once are too many to make a source of each. Drop the folder that they are in.</source>
        <translation>
            <numerusform>%n Datei auf einmal ist zu viel. Legen Sie den Ordner ab, in dem sie liegt.</numerusform>
            <numerusform>%n Dateien auf einmal sind zu viele, um aus jeder eine Quelle zu machen. Legen Sie den Ordner ab, in dem sie liegen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Drop to add as a source</source>
        <translation>Ablegen, um es als Quelle hinzuzufügen</translation>
    </message>
    <message>
        <source>What was dropped is no file of this computer.</source>
        <translation>Was abgelegt wurde, ist keine Datei dieses Computers.</translation>
    </message>
    <message>
        <source>The server is another computer, to which no folder can be sent. Drop the files of {folder} instead.</source>
        <translation>Der Server ist ein anderer Computer, an den kein Ordner gesendet werden kann. Legen Sie stattdessen die Dateien aus {folder} ab.</translation>
    </message>
    <message>
        <source>&apos;{file}&apos; is a source already: {name}.</source>
        <translation>„{file}“ ist schon eine Quelle: {name}.</translation>
    </message>
    <message>
        <source>{file} was not added. {reason}</source>
        <translation>{file} wurde nicht hinzugefügt. {reason}</translation>
    </message>
    <message>
        <source>{file} was not added: no table in it can be read.</source>
        <translation>{file} wurde nicht hinzugefügt: Keine Tabelle darin lässt sich lesen.</translation>
    </message>
    <message numerus="yes">
        <source>%n table(s)</source>
        <translation>
            <numerusform>%n Tabelle</numerusform>
            <numerusform>%n Tabellen</numerusform>
        </translation>
    </message>
    <message>
        <source>{file} was not sent.</source>
        <translation>{file} wurde nicht gesendet.</translation>
    </message>
    <message>
        <source>Sending {file} to the server… {percent} %</source>
        <translation>{file} wird an den Server gesendet… {percent} %</translation>
    </message>
    <message>
        <source>Added: {names}.</source>
        <translation>Hinzugefügt: {names}.</translation>
    </message>
    <message>
        <source>Added the source {name}: {tables}.</source>
        <translation>Die Quelle {name} wurde hinzugefügt: {tables}.</translation>
    </message>
    <message numerus="yes">
        <source>Added %n sources: {names}.</source>
        <translation>
            <numerusform>%n Quelle hinzugefügt: {names}.</numerusform>
            <numerusform>%n Quellen hinzugefügt: {names}.</numerusform>
        </translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Removed {names} again.</source>
        <translation>Wieder entfernt: {names}.</translation>
    </message>
    <message>
        <source>Further options</source>
        <translation>Weitere Optionen</translation>
    </message>
    <message>
        <source>Option</source>
        <translation>Option</translation>
    </message>
    <message>
        <source>Secret</source>
        <translation>Geheim</translation>
    </message>
    <message numerus="yes">
        <source>Only the first %n tables are listed</source>
        <translation>
            <numerusform>Nur die erste Tabelle ist aufgeführt</numerusform>
            <numerusform>Nur die ersten %n Tabellen sind aufgeführt</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Only the first %n tables are listed. Queries can read the others all the same.</source>
        <translation>
            <numerusform>Nur die erste Tabelle ist aufgeführt. Abfragen können die anderen trotzdem lesen.</numerusform>
            <numerusform>Nur die ersten %n Tabellen sind aufgeführt. Abfragen können die anderen trotzdem lesen.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n thing(s) could not be read</source>
        <translation>
            <numerusform>%n Objekt konnte nicht gelesen werden</numerusform>
            <numerusform>%n Objekte konnten nicht gelesen werden</numerusform>
        </translation>
    </message>
    <message>
        <source>No tables here. Put Parquet, CSV or JSON files there, then press F5.</source>
        <translation>Hier sind keine Tabellen. Legen Sie Parquet-, CSV- oder JSON-Dateien dort ab und drücken Sie dann F5.</translation>
    </message>
    <message>
        <source>No tables here.</source>
        <translation>Hier sind keine Tabellen.</translation>
    </message>
    <message>
        <source>table</source>
        <translation>Tabelle</translation>
    </message>
    <message>
        <source>view</source>
        <translation>Sicht</translation>
    </message>
    <message>
        <source>file</source>
        <translation>Datei</translation>
    </message>
    <message numerus="yes">
        <source>about %n row(s)</source>
        <translation>
            <numerusform>etwa %n Zeile</numerusform>
            <numerusform>etwa %n Zeilen</numerusform>
        </translation>
    </message>
    <message>
        <source>Set; leave empty to keep it</source>
        <translation>Gesetzt; leer lassen, um es zu behalten</translation>
    </message>
    <message>
        <source>As usual ({value})</source>
        <translation>Wie üblich ({value})</translation>
    </message>
    <message>
        <source>As usual</source>
        <translation>Wie üblich</translation>
    </message>
    <message>
        <source>Send a file…</source>
        <translation>Datei senden…</translation>
    </message>
    <message>
        <source>Send a file… {option}</source>
        <translation>Datei senden… {option}</translation>
    </message>
    <message>
        <source>Browse… {option}</source>
        <translation>Durchsuchen… {option}</translation>
    </message>
    <message>
        <source>A path on the server, or send a file</source>
        <translation>Ein Pfad auf dem Server, oder eine Datei senden</translation>
    </message>
    <message>
        <source>A folder…</source>
        <translation>Ordner…</translation>
    </message>
    <message>
        <source>A file…</source>
        <translation>Datei…</translation>
    </message>
    <message>
        <source>a file that was sent</source>
        <translation>eine gesendete Datei</translation>
    </message>
    <message>
        <source>Where {option} is kept</source>
        <translation>Wo „{option}“ aufbewahrt wird</translation>
    </message>
    <message>
        <source>kept encrypted</source>
        <translation>verschlüsselt aufbewahrt</translation>
    </message>
    <message>
        <source>server&apos;s variable</source>
        <translation>Variable des Servers</translation>
    </message>
    <message>
        <source>take it away</source>
        <translation>entfernen</translation>
    </message>
    <message>
        <source>Words of the names of tables, columns and saved queries</source>
        <translation>Wörter aus den Namen von Tabellen, Spalten und gespeicherten Abfragen</translation>
    </message>
    <message>
        <source>Filter tables, columns and saved queries</source>
        <translation>Tabellen, Spalten und gespeicherte Abfragen filtern</translation>
    </message>
    <message>
        <source>Add source</source>
        <translation>Quelle hinzufügen</translation>
    </message>
    <message>
        <source>Add a source</source>
        <translation>Quelle hinzufügen</translation>
    </message>
    <message>
        <source>Save query</source>
        <translation>Abfrage speichern</translation>
    </message>
    <message>
        <source>Save the query in the editor (Ctrl+Shift+S)</source>
        <translation>Die Abfrage im Editor speichern (Strg+Umschalt+S)</translation>
    </message>
    <message>
        <source>SOURCES</source>
        <translation>QUELLEN</translation>
    </message>
    <message>
        <source>SAVED QUERIES</source>
        <translation>GESPEICHERT</translation>
    </message>
    <message>
        <source>There is nothing to save yet: write a query first.</source>
        <translation>Es gibt noch nichts zu speichern: Schreiben Sie zuerst eine Abfrage.</translation>
    </message>
    <message>
        <source>&apos;{title}&apos; comes with the program: this keeps a copy of your own.</source>
        <translation>„{title}“ gehört zum Programm: Gespeichert wird Ihre eigene Kopie.</translation>
    </message>
    <message>
        <source>Saved &apos;{title}&apos;.</source>
        <translation>„{title}“ wurde gespeichert.</translation>
    </message>
    <message>
        <source>What comes with the program stays in &apos;{folder}&apos;.</source>
        <translation>Was zum Programm gehört, bleibt in „{folder}“.</translation>
    </message>
    <message>
        <source>{title} (copy)</source>
        <translation>{title} (Kopie)</translation>
    </message>
    <message>
        <source>Made &apos;{title}&apos;.</source>
        <translation>„{title}“ wurde angelegt.</translation>
    </message>
    <message>
        <source>Delete the saved query?</source>
        <translation>Gespeicherte Abfrage löschen?</translation>
    </message>
    <message>
        <source>Delete {name}?</source>
        <translation>{name} löschen?</translation>
    </message>
    <message>
        <source>Jobs that were run from it stay. A tab that has its text open keeps it.</source>
        <translation>Aufträge, die damit ausgeführt wurden, bleiben erhalten. Ein Tab, in dem ihr Text geöffnet ist, behält ihn.</translation>
    </message>
    <message>
        <source>Deleted &apos;{title}&apos;.</source>
        <translation>„{title}“ wurde gelöscht.</translation>
    </message>
    <message>
        <source>&apos;{title}&apos; comes with the program and cannot be changed. A copy can.</source>
        <translation>„{title}“ gehört zum Programm und kann nicht geändert werden, eine Kopie schon.</translation>
    </message>
    <message>
        <source>Duplicate</source>
        <translation>Duplizieren</translation>
    </message>
    <message>
        <source>none; a / makes folders in folders</source>
        <translation>keiner; mit / entstehen Unterordner</translation>
    </message>
    <message>
        <source>Whichever is chosen then</source>
        <translation>Die dann ausgewählte</translation>
    </message>
    <message>
        <source>Save as new</source>
        <translation>Als neue speichern</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Update</source>
        <translation>Aktualisieren</translation>
    </message>
    <message>
        <source>Replace &apos;{title}&apos;</source>
        <translation>„{title}“ ersetzen</translation>
    </message>
    <message>
        <source>Title</source>
        <translation>Titel</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Description</source>
        <translation>Beschreibung</translation>
    </message>
    <message>
        <source>It asks for</source>
        <translation>Gefragt wird nach</translation>
    </message>
    <message>
        <source>as</source>
        <comment>head of a column</comment>
        <translation>als</translation>
    </message>
    <message>
        <source>of type</source>
        <translation>vom Typ</translation>
    </message>
    <message>
        <source>and suggests</source>
        <translation>mit Vorschlag</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>list</source>
        <translation>Liste</translation>
    </message>
    <message>
        <source>Several values, with commas in between</source>
        <translation>Mehrere Werte, durch Kommas getrennt</translation>
    </message>
    <message>
        <source>Title of {name}</source>
        <translation>Titel von {name}</translation>
    </message>
    <message>
        <source>Default of {name}</source>
        <translation>Vorschlag für {name}</translation>
    </message>
    <message>
        <source>List of {name}</source>
        <translation>Liste von {name}</translation>
    </message>
    <message>
        <source>Give it a title.</source>
        <translation>Geben Sie der Abfrage einen Titel.</translation>
    </message>
    <message>
        <source>No saved queries yet. Write a query, then press Ctrl+Shift+S to keep it here.</source>
        <translation>Noch keine gespeicherten Abfragen. Schreiben Sie eine Abfrage und drücken Sie Strg+Umschalt+S, um sie hier aufzubewahren.</translation>
    </message>
    <message>
        <source>{name}, folder</source>
        <translation>{name}, Ordner</translation>
    </message>
    <message>
        <source>{title}, saved query</source>
        <translation>{title}, gespeicherte Abfrage</translation>
    </message>
    <message>
        <source>Saved queries</source>
        <translation>Gespeicherte Abfragen</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Delete… (it comes with the program)</source>
        <translation>Löschen… (gehört zum Programm)</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Details…</source>
        <translation>Details…</translation>
    </message>
    <message>
        <source>No saved query matches.</source>
        <translation>Keine gespeicherte Abfrage passt dazu.</translation>
    </message>
    <message>
        <source>About {seconds} s.</source>
        <translation>Etwa {seconds} s.</translation>
    </message>
    <message>
        <source>Source {name}</source>
        <translation>Quelle {name}</translation>
    </message>
    <message>
        <source>Sending the file</source>
        <translation>Datei wird gesendet</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>Opening it…</source>
        <translation>Wird geöffnet…</translation>
    </message>
    <message>
        <source>Saving it…</source>
        <translation>Wird gespeichert…</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>Ordner auswählen</translation>
    </message>
    <message>
        <source>Choose a file</source>
        <translation>Datei auswählen</translation>
    </message>
    <message>
        <source>Sending {file}…</source>
        <translation>{file} wird gesendet…</translation>
    </message>
    <message>
        <source>{file}, {size}, sent</source>
        <translation>{file}, {size}, gesendet</translation>
    </message>
    <message>
        <source>The file cannot be read: {reason}.</source>
        <translation>Die Datei kann nicht gelesen werden: {reason}.</translation>
    </message>
    <message>
        <source>It opens: {tables}, {seconds} s.</source>
        <translation>Lässt sich öffnen: {tables}, {seconds} s.</translation>
    </message>
    <message>
        <source>It does not open. {reason}</source>
        <translation>Lässt sich nicht öffnen. {reason}</translation>
    </message>
    <message>
        <source>{name}: it opens: {tables}, {seconds} s.</source>
        <translation>{name} lässt sich öffnen: {tables}, {seconds} s.</translation>
    </message>
    <message>
        <source>{name}: it does not open. {reason}</source>
        <translation>{name} lässt sich nicht öffnen. {reason}</translation>
    </message>
    <message>
        <source>made from the title</source>
        <translation>wird aus dem Titel gebildet</translation>
    </message>
    <message>
        <source>as many as there is room for</source>
        <translation>so viele, wie Platz haben</translation>
    </message>
    <message>
        <source>Workers that have its data take its jobs from this queue</source>
        <translation>Worker, die ihre Daten haben, holen ihre Aufträge aus dieser Warteschlange</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>What the command line and scripts call it</source>
        <translation>Wie die Quelle in der Befehlszeile und in Skripten heißt</translation>
    </message>
    <message>
        <source>Another kind of data is another source: add one for it.</source>
        <translation>Daten anderer Art sind eine andere Quelle: Fügen Sie dafür eine hinzu.</translation>
    </message>
    <message>
        <source>This source cannot be changed here: it comes with the program.</source>
        <translation>Diese Quelle kann hier nicht geändert werden: Sie gehört zum Programm.</translation>
    </message>
    <message>
        <source>This source cannot be changed here: it stands in the server&apos;s settings.</source>
        <translation>Diese Quelle kann hier nicht geändert werden: Sie steht in den Einstellungen des Servers.</translation>
    </message>
    <message>
        <source>Remove… (it comes with the program)</source>
        <translation>Entfernen… (gehört zum Programm)</translation>
    </message>
    <message>
        <source>Remove… (it stands in the server&apos;s settings)</source>
        <translation>Entfernen… (steht in den Einstellungen des Servers)</translation>
    </message>
    <message>
        <source>No sources yet. Drop files or a folder here, or press + to add one.</source>
        <translation>Noch keine Quellen. Legen Sie Dateien oder einen Ordner hier ab, oder klicken Sie auf +, um eine hinzuzufügen.</translation>
    </message>
    <message>
        <source>Sources</source>
        <translation>Quellen</translation>
    </message>
    <message>
        <source>Loading…</source>
        <translation>Wird geladen…</translation>
    </message>
    <message numerus="yes">
        <source>… and %n table(s) more</source>
        <translation>
            <numerusform>… und %n weitere Tabelle</numerusform>
            <numerusform>… und %n weitere Tabellen</numerusform>
        </translation>
    </message>
    <message>
        <source>Type more.</source>
        <translation>Geben Sie mehr ein.</translation>
    </message>
    <message>
        <source>Try again (Enter)</source>
        <translation>Erneut versuchen (Enter)</translation>
    </message>
    <message>
        <source>Not connected</source>
        <translation>Nicht verbunden</translation>
    </message>
    <message>
        <source>(none)</source>
        <translation>(keines)</translation>
    </message>
    <message>
        <source>loading…</source>
        <translation>wird geladen…</translation>
    </message>
    <message>
        <source>error</source>
        <translation>Fehler</translation>
    </message>
    <message numerus="yes">
        <source>%n+ table(s)</source>
        <translation>
            <numerusform>%n+ Tabelle</numerusform>
            <numerusform>%n+ Tabellen</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing here is called so.</source>
        <translation>Hier heißt nichts so.</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>Vorschau</translation>
    </message>
    <message>
        <source>Insert into the editor</source>
        <translation>In den Editor einfügen</translation>
    </message>
    <message>
        <source>Copy name</source>
        <translation>Namen kopieren</translation>
    </message>
    <message>
        <source>Copy names</source>
        <translation>Namen kopieren</translation>
    </message>
    <message>
        <source>Copy text</source>
        <translation>Text kopieren</translation>
    </message>
    <message>
        <source>Use for queries</source>
        <translation>Für Abfragen verwenden</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>Aktualisieren</translation>
    </message>
    <message>
        <source>came with the program</source>
        <translation>mit dem Programm</translation>
    </message>
    <message>
        <source>in the settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>added</source>
        <translation>hinzugefügt</translation>
    </message>
    <message>
        <source>At once</source>
        <translation>Gleichzeitig</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>Warteschlange</translation>
    </message>
    <message>
        <source>Comes from</source>
        <translation>Herkunft</translation>
    </message>
    <message>
        <source>Edit…</source>
        <translation>Bearbeiten…</translation>
    </message>
    <message>
        <source>There is no source yet. Add one: nothing can be queried without.</source>
        <translation>Noch gibt es keine Quelle. Fügen Sie eine hinzu: Ohne lässt sich nichts abfragen.</translation>
    </message>
    <message>
        <source>Whoever may run queries here may run them on every source.</source>
        <translation>Wer hier Abfragen starten darf, darf es auf jeder Quelle.</translation>
    </message>
    <message>
        <source>any number</source>
        <translation>beliebig viele</translation>
    </message>
    <message>
        <source>Look at its settings…</source>
        <translation>Einstellungen ansehen…</translation>
    </message>
    <message>
        <source>Remove…</source>
        <translation>Entfernen…</translation>
    </message>
    <message>
        <source>Something went wrong in Longwatch itself.</source>
        <translation>In Longwatch selbst ist etwas schiefgegangen.</translation>
    </message>
    <message>
        <source>Main</source>
        <translation>Hauptleiste</translation>
    </message>
    <message>
        <source>What the query runs against</source>
        <translation>Worauf die Abfrage ausgeführt wird</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Wird gestartet…</translation>
    </message>
    <message>
        <source>Closed the tab &apos;{title}&apos;, which was not saved.</source>
        <translation>Der Tab „{title}“ wurde geschlossen; er war nicht gespeichert.</translation>
    </message>
    <message>
        <source>Reopen</source>
        <translation>Wieder öffnen</translation>
    </message>
    <message>
        <source>Revoke token?</source>
        <translation>Token widerrufen?</translation>
    </message>
    <message>
        <source>Revoke the token of {name}?</source>
        <translation>Das Token von {name} widerrufen?</translation>
    </message>
    <message>
        <source>Whoever uses it is let in no more, and what it has open ends at once. Its jobs stay, and go on.</source>
        <translation>Wer es benutzt, wird nicht mehr eingelassen, und was offen ist, endet sofort. Die Aufträge bleiben und laufen weiter.</translation>
    </message>
    <message>
        <source>Revoke</source>
        <translation>Widerrufen</translation>
    </message>
    <message>
        <source>When it is over, tell</source>
        <translation>Am Ende benachrichtigen</translation>
    </message>
    <message>
        <source>Tell nobody</source>
        <translation>Niemanden benachrichtigen</translation>
    </message>
    <message>
        <source>Tell {name}</source>
        <translation>{name} benachrichtigen</translation>
    </message>
    <message numerus="yes">
        <source>Tell %n</source>
        <comment>so many places</comment>
        <translation>
            <numerusform>%n benachrichtigen</numerusform>
            <numerusform>%n benachrichtigen</numerusform>
        </translation>
    </message>
    <message>
        <source>When the query is over, the server tells: {names}</source>
        <translation>Wenn die Abfrage vorbei ist, benachrichtigt der Server: {names}</translation>
    </message>
    <message>
        <source>Whom the server tells when the query is over</source>
        <translation>Wen der Server benachrichtigt, wenn die Abfrage vorbei ist</translation>
    </message>
    <message>
        <source>Move to {server}</source>
        <translation>Verschieben nach {server}</translation>
    </message>
    <message>
        <source>{server} has no source of this name. Choose what is queried there instead.</source>
        <translation>{server} hat keine Quelle dieses Namens. Wählen Sie, was dort stattdessen abgefragt wird.</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Verschieben</translation>
    </message>
    <message>
        <source>{server}…</source>
        <translation>{server}…</translation>
    </message>
    <message>
        <source>No other server is known: add one first</source>
        <translation>Kein anderer Server ist bekannt: erst einen hinzufügen</translation>
    </message>
    <message>
        <source>{server} has no sources: there is nothing to query there.</source>
        <translation>{server} hat keine Quellen: Dort gibt es nichts abzufragen.</translation>
    </message>
    <message>
        <source>{name} was moved to {server}.</source>
        <translation>{name} wurde nach {server} verschoben.</translation>
    </message>
    <message numerus="yes">
        <source>%n jobs were moved to {server}.</source>
        <translation>
            <numerusform>%n Auftrag wurde nach {server} verschoben.</numerusform>
            <numerusform>%n Aufträge wurden nach {server} verschoben.</numerusform>
        </translation>
    </message>
    <message>
        <source>Look there</source>
        <translation>Dort ansehen</translation>
    </message>
    <message>
        <source>{name} was not moved: {reason}</source>
        <translation>{name} wurde nicht verschoben: {reason}</translation>
    </message>
    <message>
        <source>{name} is on its way to {server}, and is tried again: {reason}</source>
        <translation>{name} ist unterwegs nach {server} und wird noch einmal versucht: {reason}</translation>
    </message>
    <message>
        <source>It is not known whether {name} was moved to {server}. Look there, and run it again if it is missing.</source>
        <translation>Es ist nicht bekannt, ob {name} nach {server} verschoben wurde. Sehen Sie dort nach und starten Sie die Abfrage erneut, wenn sie fehlt.</translation>
    </message>
</context>
</TS>
