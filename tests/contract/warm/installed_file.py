# cold: keeps a file or socket open
import keeps_a_file

print(keeps_a_file.file.readline().strip())
