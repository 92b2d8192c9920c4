# A module beside the evaluator that opens a database when it is imported.
import beside_database

beside_database.connection.execute("insert into visits values (1)")
beside_database.connection.commit()
print(beside_database.connection.execute("select count(*) from visits").fetchone())
